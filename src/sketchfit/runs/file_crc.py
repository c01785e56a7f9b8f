"""Checksums of large files, read in blocks by several threads, and compared once per process."""

from __future__ import annotations

import logging
import mmap
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sketchfit.processors import cores

BLOCK = 1 << 24
"""Bytes of a block."""

SLOW = 1 << 30
"""Bytes from which it is logged, as it may take seconds."""

log = logging.getLogger(__name__)

_VERIFIED: set[tuple[str, int, int, int]] = set()
"""Files that this process has verified: path, number, size and time of the last change."""


def file_crc(path: Path) -> str:
    """Return the checksum of a file: the CRC of the CRCs of its blocks, hexadecimal."""
    size = path.stat().st_size
    if size == 0:
        return f"{0:08x}"
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return crc_of_blocks(content)


def crc_of_blocks(content: mmap.mmap, begin: int = 0) -> str:
    """Return the CRC of the CRCs of blocks, hexadecimal; the first block starts at `begin`."""

    def of_block(start: int) -> bytes:
        with memoryview(content) as view, view[start : start + BLOCK] as block:
            return zlib.crc32(block).to_bytes(4, "little")

    if len(content) > SLOW:
        log.info(f"verifying {len(content) / 1e9:.1f} GB")
    with ThreadPoolExecutor(min(4, cores())) as pool:
        return f"{zlib.crc32(b''.join(pool.map(of_block, range(begin, len(content), BLOCK)))):08x}"


def has_crc(path: Path, crc: object) -> bool:
    """Return whether a file has this checksum; a file that did not change since the last time is not read again.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    return verified_once(path, lambda: file_crc(path) == crc)


def verified_once(path: Path, verify: Callable[[], bool]) -> bool:
    """Return what `verify` returns; True without a call where it did so for the same file before.

    Raises:
        OSError: there is no such file.
    """
    if (state := _state(path)) in _VERIFIED:
        return True
    if not verify():
        return False
    _VERIFIED.add(state)
    return True


def _state(path: Path) -> tuple[str, int, int, int]:
    state = path.stat()
    return str(path.absolute()), state.st_ino, state.st_size, state.st_mtime_ns
