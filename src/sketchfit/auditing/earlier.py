"""Results of earlier audits: read where they are complete, and not used where other code made them."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sketchfit.errors import UserError

T = TypeVar("T")


def read_cache(path: Path, load: Callable[[Path], T]) -> T | None:
    """Return what `load` reads; None if the file is missing or damaged, so that it is made again."""
    try:
        return load(path)
    except (UserError, ValueError, KeyError):
        return None


def source_digest(*modules: Any) -> str:
    """Return a digest of modules' source, so that results of other versions of the code are not used."""
    return short_digest("".join(inspect.getsource(module) for module in modules).encode())


def short_digest(data: bytes | memoryview) -> str:
    """Return a digest of 32 hexadecimal digits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
