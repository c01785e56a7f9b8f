"""What every JSON file of a run's folder is: a frozen pydantic model with a place, a version, and clear errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from sketchfit.errors import RunError
from sketchfit.files import json_text, read_json, write_json

AGAIN = "Delete it, and run the command that made the folder again: it continues where it stopped."
FINISH = "Let `sketchfit run` finish first."
NEWER = "Update sketchfit: pip install --upgrade sketchfit"

Numbers = tuple[float, ...]


class ArtefactPart(BaseModel):
    """A part of an artefact; can be validated from a mapping or from an object with the same attributes."""

    model_config = ConfigDict(frozen=True, from_attributes=True, extra="ignore")


class Artefact(ArtefactPart):
    """A JSON file.

    Attributes:
        PLACE: path of the file, relative to the folder that it belongs to.
        VERSION: of the format. It is raised when a key changes its meaning or goes; keys may be added without.
        version: of the format that the file was read from.
    """

    PLACE: ClassVar[str]
    VERSION: ClassVar[int] = 1
    version: int = 1

    @classmethod
    def exists(cls, folder: Path) -> bool:
        """Return whether the file is there."""
        return (folder / cls.PLACE).is_file()

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the file below a folder; see `read_file`."""
        return cls.read_file(folder / cls.PLACE)

    @classmethod
    def find(cls, folder: Path) -> Self | None:
        """Read the file below a folder, or return None where it is missing."""
        return cls.read(folder) if cls.exists(folder) else None

    @classmethod
    def read_file(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            UserError: it is missing, damaged, or written by a newer version.
        """
        try:
            content = cls._as_keys(read_json(path))
        except FileNotFoundError as error:
            raise RunError(f"{path} is missing", FINISH) from error
        except (OSError, ValueError, TypeError) as error:
            raise RunError(f"{path} is damaged: {error}", AGAIN) from error
        if (version := content.get("version", 1)) > cls.VERSION:
            raise RunError(
                f"{path} was written by a newer version of sketchfit: its format is {version}, known is {cls.VERSION}",
                NEWER,
            )
        try:
            return cls.model_validate(cls._upgraded(content))
        except ValidationError as error:
            raise RunError([f"{path}: {problem}" for problem in _problems(error)], AGAIN) from error

    def write(self, folder: Path) -> None:
        """Write the file atomically below a folder."""
        self.write_file(folder / self.PLACE)

    def write_file(self, path: Path) -> None:
        """Write the file atomically."""
        write_json(path, self._as_json(self.model_dump() | {"version": self.VERSION}))

    def text(self) -> str:
        """Return the content of the file."""
        return json_text(self._as_json(self.model_dump() | {"version": self.VERSION}))

    @classmethod
    def _as_keys(cls, content: Any) -> dict[str, Any]:
        """Return what the file holds as the model's keys."""
        return dict(content)

    @classmethod
    def _upgraded(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Return keys that an older version wrote under today's names."""
        return content

    def _as_json(self, content: dict[str, Any]) -> Any:
        """Return what the file holds; inverse of `_as_keys`."""
        return content


def _problems(error: ValidationError) -> list[str]:
    return [f"{'.'.join(map(str, item['loc'])) or 'content'}: {item['msg']}" for item in error.errors()]
