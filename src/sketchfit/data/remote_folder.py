"""Files of a folder in an object store, through fsspec: their names, sizes and versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sketchfit.data.images import is_image_name
from sketchfit.disk import disk_error
from sketchfit.errors import DataError, MissingPackageError, UserError
from sketchfit.redact import redact

PACKAGES = {
    "s3": "s3fs",
    "gs": "gcsfs",
    "az": "adlfs",
    "hf": "huggingface_hub",
    "file": "fsspec",
    "memory": "fsspec",
}
"""Kind of an address to the package that reads it."""

_VERSIONS = ("ETag", "etag", "blob_id", "md5Hash", "generation", "LastModified", "last_modified", "mtime", "created")
"""Facts about a file that change with its content; the first that a file system gives is used."""


@dataclass(frozen=True)
class RemoteFile:
    """A file: its path in the file system, bytes if they are known, and its version."""

    path: str
    size: int | None
    version: str

    @property
    def facts(self) -> list[Any]:
        """What is stored of it, to compare."""
        return [self.size, self.version]


@dataclass(frozen=True)
class RemoteFolder:
    """A folder in a file system of fsspec."""

    system: Any
    root: str

    @classmethod
    def of(cls, address: str) -> tuple[RemoteFolder, str]:
        """Return the folder at an address, and the name of the file in it; empty where the address is a folder."""
        import fsspec  # type: ignore[import-untyped]

        system, root = fsspec.core.url_to_fs(address)
        system.invalidate_cache()  # of an earlier start in this process
        root = root.rstrip("/")
        if system.info(root)["type"] != "file":
            return cls(system, root), ""
        parent, _, name = root.rpartition("/")
        return cls(system, parent), name

    def files(self, only: str = "") -> dict[str, RemoteFile]:
        """Return all files below, by their path relative to the folder; or an image in it alone, not its neighbours."""
        if is_image_name(only):
            path = f"{self.root}/{only}"
            listed = {path: self.system.info(path)}
        else:
            listed = self.system.find(self.root, detail=True)
        found = {}
        for path, facts in listed.items():
            name = path.removeprefix(self.root).lstrip("/")
            if not name or name.endswith("/"):  # an empty object that marks a folder
                continue
            if not is_plain(name):
                raise DataError(f"{name!r} cannot be the name of a file in a folder", "Rename it.")
            version = next((str(facts[key]) for key in _VERSIONS if facts.get(key) is not None), "")
            found[name] = RemoteFile(path, facts.get("size"), version)
        return found


def is_plain(name: str) -> bool:
    """Return whether a relative path stays below its folder on every system."""
    return bool(name) and not any(part in ("", ".", "..") or re.search(r"[\\:\x00]", part) for part in name.split("/"))


@contextmanager
def named(shown: str) -> Iterator[None]:
    """Name what is read, without credentials, in every error of a file system; a full disk is not its error."""
    package = PACKAGES[shown.partition(":")[0]]
    try:
        yield
    except UserError:
        raise
    except ImportError as error:
        raise MissingPackageError(f"{shown} needs the package {package}", f"pip install {package}") from error
    except FileNotFoundError as error:
        raise DataError(f"{shown} does not exist", "Compare the address with the names in the store.") from error
    except Exception as error:  # of any kind, which depends on the file system, also where credentials are missing
        if disk_error(error) is not None:
            raise
        reason = redact(str(error).strip().partition("\n")[0])
        raise DataError(
            f"{shown} cannot be read: {type(error).__name__}{f': {reason}' if reason else ''}",
            f"Check the address, the network and the credentials that {package} uses.",
        ) from error
