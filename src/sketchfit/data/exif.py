"""Read the EXIF fields of image files that name where an image comes from: device, owner, date."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ExifTags import TAGS

from sketchfit.data.containers import read_member
from sketchfit.processors import cores
from sketchfit.regular import open_regular

_EXIF_BLOCK = 0x8769
_TAGS = {
    "Make", "Model", "Artist", "DateTime", "DateTimeOriginal", "CameraOwnerName", "BodySerialNumber",
    "LensSerialNumber", "ImageUniqueID",
}  # fmt: skip
_SAMPLE = 200


def read_exif(files: Sequence[Path], workers: int | None = None) -> dict[str, NDArray[np.str_]]:
    """Read the fields of all files, from their headers alone.

    If none of 200 evenly spaced files has such a field, the others are not opened.

    Args:
        files: n image files; one that cannot be read has no field.
        workers: threads; all processors if None.

    Returns:
        Text [n] by name of the field (`Make`, `Model`, `Artist`, `DateTime`, `DateTimeOriginal`, `CameraOwnerName`,
        `BodySerialNumber`, `LensSerialNumber`, `ImageUniqueID`), empty where a file lacks it; only fields that at least
        one file has.
    """
    sample = files[:: max(1, len(files) // _SAMPLE)]
    with ThreadPoolExecutor(workers or cores()) as pool:
        if not any(pool.map(_fields, sample)):
            return {}
        fields = list(pool.map(_fields, files))
    names = sorted(set().union(*fields))
    return {name: np.array([of_file.get(name, "") for of_file in fields], dtype=np.str_) for name in names}


def _fields(file: Path) -> dict[str, str]:
    member = read_member(file)
    try:
        with open_regular(file) if member is None else io.BytesIO(member) as content, Image.open(content) as image:
            exif = image.getexif()
            tags = {**exif, **exif.get_ifd(_EXIF_BLOCK)}
    except Exception:  # a damaged header fails in many ways, and the file is reported where it is decoded
        return {}
    named = {TAGS.get(tag, ""): str(value).strip("\0 ") for tag, value in tags.items()}
    return {name: text for name, text in named.items() if name in _TAGS and text}
