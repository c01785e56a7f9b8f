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

_BROKEN = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error, lzma.LZMAError)


def read_content(path: Path, name: str) -> bytes:
    """Return the content of a table file, decompressed if its name ends in .gz, .bz2, .xz or .zip.

    Raises:
        TableError: it cannot be decompressed, is larger than `MAX_BYTES`, or the archive has other than one table.
    """
    if path.suffix.lower() not in PACKED:
        return path.read_bytes()
    try:
        with path.open("rb") as file, _opened(file, path.suffix.lower(), name) as content:
            data = content.read(MAX_BYTES + 1)
    except (*_BROKEN, zipfile.BadZipFile) as error:
        raise TableError(f"{name} cannot be decompressed: {str(error) or type(error).__name__}") from error
    if len(data) > MAX_BYTES:
        raise TableError(f"{name} is larger than {MAX_BYTES:,} bytes after decompression: is it a table?")
    return data


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
