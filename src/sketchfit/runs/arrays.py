"""Arrays on disk: named arrays (.npz), single arrays (.npy, also memory-mapped). The only place that calls `np.load`.

Nothing pickled is read or written.
"""

from __future__ import annotations

import io
import logging
import math
import os
import struct
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib.format import (
    dtype_to_descr,
    open_memmap,
    read_array,
    read_array_header_1_0,
    read_array_header_2_0,
    read_magic,
    write_array_header_1_0,
)
from numpy.typing import DTypeLike, NDArray

from sketchfit.disk import reserve, writing
from sketchfit.errors import RunError, UserError
from sketchfit.files import atomic
from sketchfit.moving import delete_file
from sketchfit.regular import check_archive, check_expansion

Array = NDArray[Any]

log = logging.getLogger(__name__)

LARGE = 1 << 26
"""Bytes of an array in an archive that is not copied while it is read."""

LENGTHS = 26
"""Place in the header of an archive's member of the lengths of its name and of its extra field."""

CHUNK = 1 << 20
"""Bytes that are read at once for its checksum."""


def read_npz(path: Path, *, mapped: bool = False) -> dict[str, Array]:
    """Read all arrays of a file by name.

    The bytes of each array are compared with the checksum of the archive before they are interpreted.

    Args:
        path: of the file.
        mapped: map large arrays that are not compressed into memory, read-only, instead of reading them. Not on
            Windows, where the file could not be replaced meanwhile.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        check_archive(path)
        with zipfile.ZipFile(path) as archive:
            return {part.filename.removesuffix(".npy"): _member(archive, part, mapped) for part in archive.infolist()}
    except FileNotFoundError as error:
        raise RunError(f"{path} is missing", "Run the command that writes it again.") from error
    except Exception as error:  # zipfile and NumPy raise many kinds for bytes that are not their own
        raise RunError(f"{path} is damaged: {error}", "Delete it, and run the command that writes it again.") from error


def parse_npz(content: bytes, path: Path) -> dict[str, Array]:
    """Return all arrays in the content of a file that was read already, as `read_npz`.

    Raises:
        UserError: it is damaged, or expands to many times its size.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_expansion(archive, len(content))
            return {name.removesuffix(".npy"): _array(archive.read(name)) for name in archive.namelist()}
    except Exception as error:  # as in `read_npz`
        raise RunError(f"{path} is damaged: {error}", "Delete it, and run the command that writes it again.") from error


def find_npz(path: Path, *, mapped: bool = False) -> dict[str, Array] | None:
    """Read all arrays of a file that can be computed again; arguments as for `read_npz`.

    Returns:
        None where the file is missing or damaged; the latter is logged.
    """
    if not path.is_file():
        return None
    try:
        return read_npz(path, mapped=mapped)
    except UserError as error:
        log.warning(f"{error.problems[0]}; it is made again")
        return None


def _member(archive: zipfile.ZipFile, part: zipfile.ZipInfo, mapped: bool = False) -> Array:
    """Read an array; a large one is read twice, and so is in memory only once, or mapped."""
    if part.file_size < LARGE:
        return _array(archive.read(part))
    with archive.open(part) as stream:
        while stream.read(CHUNK):  # the checksum is compared at the end
            pass
    if mapped and part.compress_type == zipfile.ZIP_STORED and os.name != "nt":
        return _map_member(Path(str(archive.filename)), part)
    with archive.open(part) as stream:
        found: Array = read_array(stream, allow_pickle=False)
    return found


def _map_member(path: Path, part: zipfile.ZipInfo) -> Array:
    """Map an array that is stored in an archive as it is."""
    with path.open("rb") as file:
        file.seek(part.header_offset + LENGTHS)
        file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)
        major, _ = read_magic(file)
        read_header = read_array_header_1_0 if major == 1 else read_array_header_2_0
        shape, fortran, dtype = read_header(file)
        if dtype.hasobject:
            raise ValueError("it has objects")
        order: Literal["C", "F"] = "F" if fortran else "C"
        return np.memmap(file, dtype, "r", file.seek(0, os.SEEK_CUR), shape, order)


def _array(content: bytes) -> Array:
    found: Array = read_array(io.BytesIO(content), allow_pickle=False)
    return found


def write_npz(path: Path, arrays: Mapping[str, Array], *, compressed: bool = False) -> None:
    """Write named arrays atomically, uncompressed by default."""
    save = np.savez_compressed if compressed else np.savez
    with atomic(path) as temporary, temporary.open("wb") as file:
        save(file, allow_pickle=False, **{name: np.ascontiguousarray(array) for name, array in arrays.items()})


def map_npy(path: Path, *, writable: bool = False) -> Array:
    """Map an array into memory, read-only unless wanted otherwise: pages are read from disk when they are used.

    Raises:
        OSError: it is missing, or cannot be read.
        ValueError: it is damaged.
    """
    return _loaded(path, "r+" if writable else "r")


def read_npy(path: Path) -> Array:
    """Read an array.

    Raises:
        OSError: it is missing, or cannot be read.
        ValueError: it is damaged.
    """
    return _loaded(path, None)


def _loaded(path: Path, mode: Literal["r", "r+"] | None) -> Array:
    try:
        array: Array = np.load(path, mmap_mode=mode, allow_pickle=False)
    except (OSError, ValueError):
        raise
    except (
        Exception
    ) as error:  # NumPy parses the header as Python, and raises many kinds for bytes that are not its own
        raise ValueError(f"{path} is no array: {error}") from error
    if not isinstance(array, np.ndarray):  # an archive of arrays
        raise ValueError(f"{path} is no array")
    return array


def write_npy(path: Path, array: Array) -> None:
    """Write an array; not atomic, for files in a folder that is put in place when it is complete."""
    with writing(path, array.nbytes):
        np.save(path, array, allow_pickle=False)


def write_npy_rows(path: Path, shape: tuple[int, ...], dtype: DTypeLike, parts: Iterable[Array]) -> None:
    """Write an array whose rows come in parts, in order; the memory does not grow with it. Not atomic.

    Raises:
        ValueError: the parts have another number of values.
    """
    header = {"descr": dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    written = 0
    size = math.prod(shape) * np.dtype(dtype).itemsize
    with writing(path, size), path.open("wb") as file:
        write_array_header_1_0(file, header)
        for part in parts:
            values = np.ascontiguousarray(part, dtype=dtype)
            file.write(values.data)
            written += values.size
    if written != math.prod(shape):
        raise ValueError(f"{written} values for an array of shape {shape}")


def create_npy(path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> np.memmap[Any, Any]:
    """Create an array of zeros on disk, mapped into memory for writing; its space is reserved.

    Raises:
        DiskError: there is no space for it. Nothing is left of it.
    """
    with writing(path, math.prod(shape) * np.dtype(dtype).itemsize):
        array: np.memmap[Any, Any] | None = None
        try:
            array = open_memmap(path, mode="w+", dtype=dtype, shape=shape)
            reserve(path)
        except OSError:
            array = None  # a mapped file cannot be deleted on Windows
            delete_file(path)
            raise
        return array
