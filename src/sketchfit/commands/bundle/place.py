"""The folder of a bundle: it replaces only a bundle, and has not the name of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sketchfit.bundle.manifest import BundleManifest
from sketchfit.commands.present_files import present_files
from sketchfit.errors import UserError

FORMATS: dict[str, Literal["onnx", "openvino"]] = {".onnx": "onnx", ".xml": "openvino"}
"""Of a file, by its ending."""

OTHER_FILES = (".bin", ".engine", ".mlpackage", ".pb", ".pt", ".pt2", ".pth", ".safetensors", ".tflite", ".zip")
"""Endings of files that are not written alone."""


def check_folder(out: Path) -> None:
    """Refuse a folder with the name of a file.

    Raises:
        UserError: it has one.
    """
    if out.suffix.lower() in (*FORMATS, *OTHER_FILES):
        raise UserError(
            f"{out} has the name of a file, and a bundle is a folder",
            "Name a folder, or FILE.onnx for one ONNX file, or FILE.xml for OpenVINO.",
        )


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
    names = present_files(out)
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
