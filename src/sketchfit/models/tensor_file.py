"""Files of tensors (`.safetensors`) with a checksum of all that they hold, in their metadata.

The checksum is the CRC of the header without the checksum and of all bytes after it, so it includes names, types,
shapes and metadata. Files without one, from elsewhere or of older versions, are accepted.
"""

from __future__ import annotations

import json
import mmap
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from sketchfit.checksum import DamagedError
from sketchfit.errors import UserError
from sketchfit.files import atomic
from sketchfit.runs.file_crc import crc_of_blocks, verified_once

KEY = "crc32"
"""Of the checksum in the metadata."""

MOST_HEADER = 100_000_000
"""Bytes; safetensors reads no longer one."""

_EMPTY = "-" * 8
"""The checksum while it is computed."""


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors atomically, with metadata and a checksum of both."""
    with atomic(path) as temporary:
        save_file(dict(tensors), temporary, {**metadata, KEY: _EMPTY})
        with temporary.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
            found, entry = _digest(content).encode(), f'"{KEY}":"{_EMPTY}"'.encode()
            if (start := content.find(entry, 0, _start(content))) < 0:
                raise ValueError("safetensors writes metadata in another way")
            end = start + len(entry) - 1
            content[end - len(found) : end] = found


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors of a file, on the CPU.

    Raises:
        UserError: it is missing or damaged.
    """
    check_tensors(path)
    with _named(path):
        return load_file(path)


def check_tensors(path: Path) -> None:
    """Compare the content of a file with its checksum, once per process; a file without one is accepted.

    Raises:
        UserError: it is missing or damaged.
    """
    with _named(path):
        if not verified_once(path, lambda: _is_intact(path)):
            raise DamagedError


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Raise an error that names the file for each error of reading it."""
    try:
        yield
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, SafetensorError) as error:
        what = "damaged" if isinstance(error, DamagedError) else "not a complete safetensors file"
        raise UserError(f"{path} is {what}: {error}", "Train it again, or copy it again.") from error


def _is_intact(path: Path) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        expected = _header(content).get("__metadata__", {}).get(KEY, _EMPTY)
        return bool(expected == _EMPTY or expected == _digest(content))


def _header(content: mmap.mmap) -> dict[str, dict[str, str]]:
    """Return the names of a file with the type, shape and place of each tensor."""
    found = json.loads(content[8 : _start(content)].decode())
    if not isinstance(found, dict):
        raise ValueError("it has no header")
    return found


def _start(content: mmap.mmap) -> int:
    """Return the place of the first tensor.

    Raises:
        ValueError: the header would be longer than the file, or than safetensors allows.
    """
    length = int.from_bytes(content[:8], "little")
    if length > min(MOST_HEADER, len(content) - 8):
        raise ValueError(f"a header of {length:,} bytes")
    return 8 + length


def _digest(content: mmap.mmap) -> str:
    header = _header(content)
    header["__metadata__"] = {key: value for key, value in header["__metadata__"].items() if key != KEY}
    tensors = crc_of_blocks(content, _start(content)).encode()
    return f"{zlib.crc32(tensors, zlib.crc32(json.dumps(header, sort_keys=True).encode())):08x}"
