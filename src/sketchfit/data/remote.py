"""Data in object stores and on the hub: `s3://bucket/folder`, `gs://…`, `hf://datasets/owner/name`, through fsspec.

All files of the folder are copied into the cache once. A later start compares sizes and versions, and copies what has
changed. Everything else reads the copy, as it reads a folder that was always there.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock

from sketchfit.activity import activity
from sketchfit.data.in_threads import in_threads
from sketchfit.disk import check_free, disk_error, writing
from sketchfit.errors import DataError, MissingPackageError, UserError
from sketchfit.files import read_json, write_json
from sketchfit.moving import delete_file, move
from sketchfit.redact import redact
from sketchfit.remains import part_of
from sketchfit.wording import counted, size_text

log = logging.getLogger(__name__)

PACKAGES = {
    "s3": "s3fs",
    "gs": "gcsfs",
    "az": "adlfs",
    "hf": "huggingface_hub",
    "file": "fsspec",
    "memory": "fsspec",
}
"""Kind of an address to the package that reads it."""

AT_ONCE = 8
"""Files that are copied at the same time."""

SPARE = 200_000_000
"""Bytes that stay free."""

_ADDRESS = re.compile(rf"({'|'.join(PACKAGES)}):/+([^/].*)")
_VERSIONS = ("ETag", "etag", "blob_id", "md5Hash", "generation", "LastModified", "last_modified", "mtime", "created")
"""Facts about a file that change with its content; the first that a file system gives is used."""


def remote_address(text: str | Path) -> str | None:
    """Return the address in a text, None where it is a path. A `Path` has one slash of two.

    >>> remote_address("s3://bucket/drawings"), remote_address(Path("s3://bucket/drawings")), remote_address("drawings")
    ('s3://bucket/drawings', 's3://bucket/drawings', None)
    """
    found = _ADDRESS.fullmatch(str(text))
    if found is None:
        return None
    kind, rest = found.groups()
    return f"{kind}://{'/' if kind == 'file' else ''}{rest}"


def copy_remote(address: str, cache: Path) -> Path:
    """Return a copy of the data at an address: of a folder, or of a table with the folder that it is in.

    Args:
        address: see `remote_address`.
        cache: folder of all caches.

    Raises:
        MissingPackageError: the package that reads such addresses is not installed.
        DataError: nothing is there, or it cannot be read.
        DiskError: there is no space for it.
    """
    shown = redact(address)
    with _named(shown):
        source, table = _Source.of(address)
        wanted = source.files()
    if not wanted:
        raise DataError(f"{shown} has no files", "Give the address of a folder with images, or of a table.")
    place = cache / "remote" / hashlib.blake2b(address.encode(), digest_size=12).hexdigest()
    folder = place / (PurePosixPath(source.root).name or "data")
    with writing(place):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(place / "lock"):
            _update(source, wanted, folder, shown)
    return folder / table if table else folder


@dataclass(frozen=True)
class _RemoteFile:
    """A file: its path in the file system, bytes if they are known, and its version."""

    path: str
    size: int | None
    version: str

    @property
    def facts(self) -> list[Any]:
        """What is stored of it, to compare."""
        return [self.size, self.version]


@dataclass(frozen=True)
class _Source:
    """A folder in a file system of fsspec."""

    system: Any
    root: str

    @classmethod
    def of(cls, address: str) -> tuple[_Source, str]:
        """Return the folder at an address, and the name of the table in it; empty where the address is a folder."""
        import fsspec  # type: ignore[import-untyped]

        system, root = fsspec.core.url_to_fs(address)
        system.invalidate_cache()  # of an earlier start in this process
        root = root.rstrip("/")
        if system.info(root)["type"] != "file":
            return cls(system, root), ""
        parent, _, name = root.rpartition("/")
        return cls(system, parent), name

    def files(self) -> dict[str, _RemoteFile]:
        """Return all files below, by their path relative to the folder."""
        found = {}
        for path, facts in self.system.find(self.root, detail=True).items():
            name = path.removeprefix(self.root).lstrip("/")
            if not name or name.endswith("/"):  # an empty object that marks a folder
                continue
            if not _is_plain(name):
                raise DataError(f"{name!r} cannot be the name of a file in a folder", "Rename it.")
            version = next((str(facts[key]) for key in _VERSIONS if facts.get(key) is not None), "")
            found[name] = _RemoteFile(path, facts.get("size"), version)
        return found


def _is_plain(name: str) -> bool:
    """Return whether a relative path stays below its folder on every system."""
    return bool(name) and not any(part in ("", ".", "..") or re.search(r"[\\:\x00]", part) for part in name.split("/"))


def _update(source: _Source, wanted: Mapping[str, _RemoteFile], folder: Path, shown: str) -> None:
    """Copy the files that are new or have changed, and delete those that are gone. What was copied is written down."""
    index = folder.parent / "files.json"
    try:
        known = dict(read_json(index))
    except (OSError, ValueError, TypeError):
        known = {}
    for name in filter(_is_plain, known.keys() - wanted.keys()):
        delete_file(folder / name)
    kept = {
        name: one.facts for name, one in wanted.items() if known.get(name) == one.facts and (folder / name).is_file()
    }
    missing = [name for name in wanted if name not in kept]
    if missing:
        check_free(folder, sum(wanted[name].size or 0 for name in missing) + SPARE)

    def fetch(name: str) -> str:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        part = part_of(target)
        with _named(f"{shown}: {name}"):
            source.system.get_file(wanted[name].path, str(part))
        move(part, target)
        return name

    try:
        with activity(f"copying {shown}", total=len(missing)) as advance:
            for done, name in enumerate(in_threads(fetch, missing, AT_ONCE, together=1), start=1):
                kept[name] = wanted[name].facts
                advance(done, "")
    finally:
        write_json(index, kept)
    size = size_text(sum(one.size or 0 for one in wanted.values()))
    log.info(f"{shown}: {counted(len(wanted), 'file')}, {size}; {len(missing):,} of them copied now, to {folder}")


@contextmanager
def _named(shown: str) -> Iterator[None]:
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
