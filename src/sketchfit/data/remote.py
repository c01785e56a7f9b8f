"""Data in object stores and on the hub, through fsspec: `s3://bucket/folder`, `gs://…`, `az://…`, `hf://datasets/a/b`.

All files of the folder are copied into the cache once. A later start compares sizes and versions, and copies what has
changed. Everything else reads the copy, as it reads a folder that was always there.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from filelock import FileLock

from sketchfit.activity import activity
from sketchfit.data.cache.entries import ADDRESS, LOCK, REMOTE
from sketchfit.data.cache.folder import default_cache
from sketchfit.data.cache.limit import make_room
from sketchfit.data.cache.use import hold
from sketchfit.data.images import is_image_name
from sketchfit.data.in_threads import in_threads
from sketchfit.data.remote_folder import PACKAGES, RemoteFile, RemoteFolder, is_plain, named
from sketchfit.disk import check_free, writing
from sketchfit.errors import DataError
from sketchfit.files import read_json, write_json, write_text
from sketchfit.moving import delete_file, move
from sketchfit.redact import redact
from sketchfit.remains import ABANDONED, clear_remains, part_of
from sketchfit.wording import counted, size_text

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Files that are copied at the same time."""

SPARE = 200_000_000
"""Bytes that stay free."""

_ADDRESS = re.compile(rf"({'|'.join(PACKAGES)}):/+([^/].*)")


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
    """Return a copy of the data at an address: of a folder, of an image, or of a table with the folder that it is in.

    Single images of a folder are copied into one folder, and are one entry of the cache.
    This process uses the copy until it ends: `sketchfit cache clear` does not delete it meanwhile.

    Args:
        address: see `remote_address`.
        cache: folder of all caches.

    Raises:
        MissingPackageError: the package that reads such addresses is not installed.
        DataError: nothing is there, or it cannot be read.
        DiskError: there is no space for it.
    """
    shown = redact(address)
    with named(shown):
        source, file = RemoteFolder.of(address)
        wanted = source.files(file)
    if not wanted:
        raise DataError(f"{shown} has no files", "Give the address of a folder with images, or of a table.")
    single = is_image_name(file)
    entry = f"{address.rpartition('/')[0]}/ (single images)" if single else address  # images of a folder share an entry
    place = cache / REMOTE / hashlib.blake2b(entry.encode(), digest_size=12).hexdigest()
    folder = place / (PurePosixPath(source.root).name or "data")
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place.with_name(place.name + LOCK)):
            hold(place)
            folder.mkdir(parents=True, exist_ok=True)
            write_text(place / ADDRESS, f"{redact(entry)}\n")
            _update(source, wanted, folder, shown, others_stay=single)
    return folder / file if file else folder


def names_at(address: str, copy: Path, names: Sequence[str]) -> list[str]:
    """Return names of files with the address in the place of the folder of its copy, without credentials.

    Args:
        address: of the data.
        copy: what `copy_remote` returned for it.
        names: relative ones stay as they are.
    """
    here, above = f"{copy.parent}{os.sep}", redact(address.rstrip("/").rpartition("/")[0])
    return [
        f"{above}/{name.removeprefix(here).replace(os.sep, '/')}" if name.startswith(here) else name for name in names
    ]


def hold_copy(path: Path) -> None:
    """Note that this process uses the copy of remote data that a path leads into, until it ends; others are left."""
    copies = (default_cache() / REMOTE).resolve()
    complete = path.resolve()
    for place in (complete, *complete.parents):
        if place.parent == copies:
            hold(place)


def advice_on_missing(folder: Path, advice: str) -> str:
    """Return what to do where files of a data folder are gone: other advice where it was a copy of remote data."""
    if (default_cache() / REMOTE).resolve() not in folder.resolve().parents:
        return advice
    return "They were a copy of remote data. Copy them again with their address, for example: sketchfit check s3://…"


def _update(
    source: RemoteFolder, wanted: Mapping[str, RemoteFile], folder: Path, shown: str, *, others_stay: bool
) -> None:
    """Copy the files that are new or have changed, and delete others that were copied. What is there is written down.

    Args:
        source: of the files.
        wanted: files by name.
        folder: of the copies.
        shown: address, for people.
        others_stay: leave the copies of other files: they are single images.
    """
    index = folder.parent / "files.json"
    try:
        known = dict(read_json(index))
    except (OSError, ValueError, TypeError):
        known = {}
    others = {name: facts for name, facts in known.items() if name not in wanted}
    if not others_stay:
        for name in filter(is_plain, others):
            delete_file(folder / name)
        others = {}
    kept = {
        name: one.facts for name, one in wanted.items() if known.get(name) == one.facts and (folder / name).is_file()
    }
    missing = [name for name in wanted if name not in kept]
    if missing:
        clear_remains(folder.rglob(".*.part"), least_age=ABANDONED)
        needed = sum(wanted[name].size or 0 for name in missing)
        make_room(folder.parents[2], needed)
        check_free(folder, needed + SPARE)

    def fetch(name: str) -> str:
        with _written(folder / name) as part, named(f"{shown}: {name}"):
            source.system.get_file(wanted[name].path, str(part))
        return name

    try:
        with activity(f"copying {shown}", total=len(missing)) as advance:
            for done, name in enumerate(in_threads(fetch, missing, AT_ONCE, together=1), start=1):
                kept[name] = wanted[name].facts
                advance(done, "")
    finally:
        write_json(index, others | kept)
    size = size_text(sum(one.size or 0 for one in wanted.values()))
    log.info(f"{shown}: {counted(len(wanted), 'file')}, {size}; {len(missing):,} of them copied now, to {folder}")


@contextmanager
def _written(target: Path) -> Iterator[Path]:
    """Yield where a file is written, which then takes its place; after an error nothing of it is left."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(target)
    try:
        yield part
        move(part, target)
    finally:
        with suppress(OSError):  # it may be open on Windows; the next start deletes it
            delete_file(part)
