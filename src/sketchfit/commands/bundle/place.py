"""The folder of a bundle: it replaces only a bundle."""

from __future__ import annotations

from pathlib import Path

from sketchfit.bundle.manifest import BundleManifest
from sketchfit.errors import UserError
from sketchfit.remains import REMAINS


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
    names = {path.name for path in out.iterdir() if not REMAINS.fullmatch(path.name)}
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
