"""Decompress table files: gzip, bzip2, xz, and ZIP archives with one file."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import IO, cast

from sketchfit.data.sheets.names import PACKED, is_table_name
from sketchfit.data.sheets.sheet import MAX_BYTES, TableError
from sketchfit.regular import open_regular, read_regular

FREE = 1 << 25
"""Any file may become so large."""

MAX_UNPACKED = 1 << 28
"""No table may become larger."""

MOST_FACTOR = 100
"""A table shrinks to a tenth or less by compression; bytes of zero to a thousandth."""

STEP = 1 << 20

_BROKEN = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error, lzma.LZMAError)


def read_content(path: Path, name: str) -> bytes:
    """Return the content of a table file, decompressed if its name ends in .gz, .bz2, .xz or .zip.

    Raises:
        OSError: it is no regular file, or larger than `MAX_BYTES`.
        TableError: it cannot be decompressed, becomes larger than `most_unpacked`, or the archive has other than one
            table.
    """
    if path.suffix.lower() not in PACKED:
        return read_regular(path, MAX_BYTES)
    try:
        with open_regular(path, MAX_BYTES) as file, _opened(file, path.suffix.lower(), name) as content:
            return _unpacked(content, most_unpacked(path.stat().st_size), name)
    except (*_BROKEN, zipfile.BadZipFile) as error:
        raise TableError(f"{name} cannot be decompressed: {str(error) or type(error).__name__}") from error


def _unpacked(content: IO[bytes], most: int, name: str) -> bytes:
    """Return what is decompressed, in parts, so that a file that is too large takes no more memory than the limit."""
    parts: list[bytes] = []
    while part := content.read(STEP):
        parts.append(part)
        if sum(map(len, parts)) > most:
            raise TableError(f"{name} is larger than {most:,} bytes after decompression: is it a table?")
    return b"".join(parts)


def most_unpacked(packed: int) -> int:
    """Return how many bytes a compressed table may have after decompression.

    >>> most_unpacked(1000), most_unpacked(1_000_000), most_unpacked(50_000_000)
    (33554432, 100000000, 268435456)

    Args:
        packed: bytes of the compressed file.
    """
    return min(MAX_UNPACKED, max(FREE, MOST_FACTOR * packed))


def _opened(file: IO[bytes], kind: str, name: str) -> IO[bytes]:
    if kind == ".gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=file))
    if kind == ".bz2":
        return bz2.BZ2File(file)
    if kind == ".xz":
        return lzma.LZMAFile(file)
    archive = zipfile.ZipFile(file)
    tables = [one for one in archive.namelist() if is_table_name(one) and not one.startswith("__MACOSX/")]
    if len(tables) != 1:
        raise TableError(f"{name} has {len(tables)} tables, not one: unpack it")
    return archive.open(tables[0])
