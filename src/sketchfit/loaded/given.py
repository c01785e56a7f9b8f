"""What a Python program gives to a loaded model, as images one by one."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sketchfit.data.containers import is_container
from sketchfit.data.given_images import GIVEN_ERRORS, LAYOUT, GivenImage
from sketchfit.data.sheets.names import is_table_name
from sketchfit.errors import DataError
from sketchfit.redact import redact

ACCEPTED = "Give a path, the content of an image file, a Pillow image, a NumPy array, or a list or generator of these."

MOST_BYTES = 1 << 28
"""Of images that are given as arrays, as Pillow images or as the content of files, and are in memory together."""

_NO_IMAGES = (Mapping, io.IOBase)
"""Iterables whose items are keys or lines."""

_OBJECTS = "OUS"
"""Kinds of arrays whose items are texts or Python objects."""


@dataclass(frozen=True)
class NamedImage:
    """An image, and what it is called in results: its path as it was given, else `#` and its position."""

    image: GivenImage
    name: str


def given_images(x: Any) -> Iterator[NamedImage]:
    """Yield the images that are given, in order.

    Args:
        x: one image (a path, the content of a file, a Pillow image, an array [H, W] or [H, W, C]); several (a list,
            a generator, any other iterable, an array [N, H, W, C]); or a folder or table of images, as for
            `sketchfit predict`. Tensors of PyTorch and others are read as arrays.

    Raises:
        TypeError: there is something that is no image.
        UserError: a folder or table has no image.
    """
    if isinstance(x, (str, os.PathLike)) and (found := _listed(x)) is not None:
        yield from found
        return
    x = _array(x)
    if _is_one(x):
        x = [x]
    elif isinstance(x, _NO_IMAGES) or not isinstance(x, Iterable) or (isinstance(x, np.ndarray) and not x.ndim):
        raise TypeError(f"{type(x).__name__} is no image. {ACCEPTED}")
    for place, one in enumerate(x):
        yield _named(one, place)


def in_parts(images: Iterable[NamedImage], count: int, most: int = MOST_BYTES) -> Iterator[list[NamedImage]]:
    """Yield lists of images, in order.

    Args:
        images: any number; not more are read than the list needs.
        count: images in a list.
        most: bytes of the images in a list; one image may have more.
    """
    part, size = list[NamedImage](), 0
    for one in images:
        part.append(one)
        size += _bytes_of(one.image)
        if len(part) == count or size >= most:
            yield part
            part, size = [], 0
    if part:
        yield part


def _bytes_of(image: GivenImage) -> int:
    """Return the memory of an image that is given; a path has none."""
    if isinstance(image, np.ndarray):
        return int(image.nbytes)
    if isinstance(image, Image.Image):
        return image.width * image.height * len(image.getbands())
    return len(image) if isinstance(image, bytes) else 0


def _is_one(x: Any) -> bool:
    """Return whether this is one image, and not several."""
    if isinstance(x, np.ndarray):
        return x.ndim in (2, 3) and x.dtype.kind not in _OBJECTS
    return isinstance(x, (str, bytes, bytearray, memoryview, os.PathLike, Image.Image))


def _named(one: Any, place: int) -> NamedImage:
    """Return one item of what is given."""
    one, name = _array(one), f"#{place}"
    if isinstance(one, (str, os.PathLike)):
        _refuse_address(str(one))
        return NamedImage(Path(one), str(one))
    if isinstance(one, (bytes, bytearray, memoryview)):
        return NamedImage(bytes(one), name)
    if isinstance(one, Image.Image):
        with suppress(*GIVEN_ERRORS):  # decoding it raises them again, and then they are this image's error
            one.load()  # files of Pillow are not for several threads
        return NamedImage(one, str(getattr(one, "filename", "") or name))
    if isinstance(one, np.ndarray) and one.dtype.kind not in _OBJECTS:
        if one.ndim not in (2, 3):
            raise TypeError(f"image {name} is an array of shape {list(one.shape)}. {LAYOUT}.")
        return NamedImage(one, name)
    raise TypeError(f"image {name} is {type(one).__name__}, which is no image. {ACCEPTED}")


def _refuse_address(path: str) -> None:
    if ":/" not in path or os.path.exists(path):  # noqa: PTH110 - pathlib raises for a name that is too long
        return
    from sketchfit.data.remote import remote_address  # most images are files

    if (address := remote_address(path)) is not None:
        raise DataError(
            f"{redact(address)} is an address, and a model in memory reads files",
            "sketchfit.predict(run, address) copies what is there; or copy it, and give the path.",
        )


def _array(x: Any) -> Any:
    """Return an array for what can be one: tensors of PyTorch and other libraries, series of pandas."""
    if isinstance(x, (np.ndarray, Image.Image, str, bytes, os.PathLike)) or not hasattr(x, "__array__"):
        return x
    if hasattr(x, "detach"):
        x = x.detach().cpu()
    return np.asarray(x)


def _listed(given: str | os.PathLike[str]) -> list[NamedImage] | None:
    """Return the images of a folder or table; None for a path of one image, also for an empty or impossible path."""
    path = Path(given)
    is_table = os.path.isfile(given) and (is_container(path) or is_table_name(path.name))  # noqa: PTH113
    if not is_table and not os.path.isdir(given):  # noqa: PTH112 - pathlib raises for a name that is too long
        return None
    from sketchfit.data.image_sources import read_images  # needs packages for tables

    found = read_images([path])
    rows = zip(found.split.paths, found.split.names, strict=True)
    return [NamedImage(found.root / image, name) for image, name in rows]
