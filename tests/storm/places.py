"""Folders of the run under test. They are always at the same path, because a run records absolute paths."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

PARTS = ("data", "runs", "cache", "tmp", "logs", "more")


@dataclass(frozen=True)
class Place:
    """Folders of one try.

    Attributes:
        root: parent of all of them.
    """

    root: Path

    @property
    def data(self) -> Path:
        """Tables and images."""
        return self.root / "data"

    @property
    def recipe(self) -> Path:
        """Settings of the run."""
        return self.root / "recipe.yaml"

    @property
    def runs(self) -> Path:
        """Contains the run folder; a full disk may be mounted here."""
        return self.root / "runs"

    @property
    def out(self) -> Path:
        """Folder of the run."""
        return self.runs / "run"

    @property
    def cache(self) -> Path:
        """Folder of caches."""
        return self.root / "cache"

    @property
    def tmp(self) -> Path:
        """Folder of temporary files."""
        return self.root / "tmp"

    @property
    def logs(self) -> Path:
        """Output of all commands."""
        return self.root / "logs"

    @property
    def more(self) -> Path:
        """What a try puts there: predictions, hostile files."""
        return self.root / "more"

    def clear(self) -> None:
        """Remove everything except data and recipe."""
        for name in PARTS[1:]:
            shutil.rmtree(self.root / name, ignore_errors=True)
        self.make()

    def make(self) -> None:
        """Make the folders that are missing."""
        for name in PARTS:
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def save(self, to: Path) -> None:
        """Keep a copy of everything."""
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.root, to, symlinks=True, ignore=_special)

    def restore(self, saved: Path) -> None:
        """Replace everything by what `save` kept."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(saved, self.root, symlinks=True)
        self.make()

    def environment(self) -> dict[str, str]:
        """Return what commands find in their environment."""
        return {"SKETCHFIT_CACHE": str(self.cache), "TMPDIR": str(self.tmp), "HF_HUB_OFFLINE": "1"}


def images_of(folder: Path) -> list[Path]:
    """Return the images below a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))


def _special(folder: str, names: list[str]) -> list[str]:
    """Return what is neither a file, a folder nor a link, and files that would fill the disk."""
    paths = [Path(folder) / name for name in names]
    return [path.name for path in paths if not path.is_symlink() and not path.is_dir() and not _small_file(path)]


def _small_file(path: Path) -> bool:
    return path.is_file() and path.stat().st_size < 1 << 28
