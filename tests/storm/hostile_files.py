"""Files that are made to run code, to fill the memory, to wait for ever, or to disturb a terminal."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np

SPARSE = 300 * 10**9
"""Bytes of a file that takes no space."""


class Touch:
    """Writes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.system, (f"touch '{self._marker}'",)


def pickle_file(path: Path, marker: Path) -> None:
    """A pickle with code."""
    path.write_bytes(pickle.dumps(Touch(marker)))


def pickled_checkpoint(path: Path, marker: Path) -> None:
    """A file of torch's format whose pickle has code."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Touch(marker), protocol=2))
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")


def pickled_array(path: Path, marker: Path) -> None:
    """A NumPy file of objects, or an archive of such files by its suffix."""
    array = np.array([Touch(marker)], dtype=object)
    if path.suffix == ".npz":
        np.savez(path, row=np.arange(1), prob=array)
    else:
        np.save(path, array)


def sparse(path: Path) -> None:
    """A file of 300 GB without content."""
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    os.truncate(path, SPARSE)


def deep_tensors(path: Path) -> None:
    """A file of tensors whose header is 200,000 lists within each other."""
    path.write_bytes(struct.pack("<Q", 200_000) + b"[" * 200_000)


def large_png(path: Path, width: int, height: int) -> None:
    """A correct grey PNG of one colour."""
    packer = zlib.compressobj(9)
    row = bytes(1 + width)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [_chunk(b"IHDR", header), _chunk(b"IDAT", pixels), _chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def png_with_header_only(path: Path, width: int, height: int) -> None:
    """A PNG that claims a size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(99))))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def yaml_bomb(path: Path) -> None:
    """Aliases of aliases: 10^9 items."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 9)]
    path.write_text("\n".join([*lines, "seed: *a8"]) + "\n")


def zip_bomb(path: Path, name: str, megabytes: int = 1024) -> None:
    """An archive of one file of zeros."""
    packed = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with packed as archive, archive.open(name, "w", force_zip64=True) as file:
        for _ in range(megabytes // 16):
            file.write(bytes(16 << 20))


def excel_bomb(path: Path) -> None:
    """A workbook whose sheet is 1 GB of zeros."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["image_path", "target"])
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(content.replace(b"</worksheet>", b"") if "sheet1" in name else content)
                for _ in range(64 if "sheet1" in name else 0):
                    file.write(b" " * (16 << 20))


PARQUET_BOMB = """
import sys, numpy as np, pyarrow as pa, pyarrow.parquet as pq
text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(2_000_000, np.int32)), ["x" * 1000])
table = pa.table({"image_path": text, "target": text})
with pq.ParquetWriter(sys.argv[1], table.schema, compression="zstd") as writer:
    for _ in range(10):
        writer.write_table(table)
"""


def parquet_bomb(path: Path) -> None:
    """A small table of 20 million rows, 40 GB as text."""
    subprocess.run([sys.executable, "-c", PARQUET_BOMB, path], check=True)
