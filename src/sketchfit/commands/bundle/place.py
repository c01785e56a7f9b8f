"""The folder of a bundle: it is complete or absent, and replaces only a bundle."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sketchfit.bundle.manifest import BundleManifest
from sketchfit.disk import writing
from sketchfit.errors import UserError
from sketchfit.remains import part_of


def check_place(out: Path) -> None:
    """Refuse a folder that a bundle may not replace.

    Raises:
        UserError: it is a file, or holds something else than a bundle.
    """
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir():
        raise UserError(
            f"{out} is a file, and a bundle is a folder", "Name another folder, or FILE.onnx for one graph."
        )
    names = {path.name for path in out.iterdir()}
    if not names:
        return
    if not BundleManifest.exists(out):
        raise UserError(f"{out} holds other files, and no bundle", "Name a new folder.")
    known = {BundleManifest.PLACE, *BundleManifest.read(out).files}
    if others := sorted(names - known):
        raise UserError(
            f"{out} holds files that are no part of its bundle: {', '.join(others[:3])}",
            "Move them, or name another folder: the bundle is replaced as one.",
        )


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder; on success it takes the place of `out`, on an error it is removed."""
    place = Path(os.path.realpath(out))
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = part_of(place)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            yield temporary
            _replace(place, temporary)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _replace(place: Path, temporary: Path) -> None:
    """Put a folder in a place, in two renames where there is one already."""
    if not place.exists():
        temporary.rename(place)
        return
    shutil.copymode(place, temporary)
    before = part_of(place.with_name(f"{place.name}.old"))
    place.rename(before)
    temporary.rename(place)
    shutil.rmtree(before, ignore_errors=True)
