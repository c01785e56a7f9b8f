"""Configures the C library's allocator (glibc): for trainings, and for services of long life."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Callable

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
"""Parameters of mallopt(3), from glibc's malloc.h."""
LARGEST_INT = 2**31 - 1
NEVER = -1
LARGE = 1 << 22
"""Bytes from which a service maps a block alone: more than the pixels of usual drawings."""


def keep_freed_memory() -> bool:
    """Make this process reuse freed blocks of up to 2 GB; return whether that was possible.

    glibc allocates a block of more than 32 MB by mapping new pages, and unmaps them when the block is freed. A training
    step on a CPU frees and allocates the same large activations each time, so half of its time can go into clearing
    pages. With these settings, glibc reuses the pages in the next step; results do not change (`benchmarks/` has the
    figures). This cannot be undone, and the process does not shrink again. Does nothing where the C library is not
    glibc.
    """
    mallopt = _mallopt()
    if mallopt is None:
        return False
    # Some versions refuse a threshold above 32 MB; all accept a maximum of 0 mapped blocks.
    unmapped = bool(mallopt(M_MMAP_THRESHOLD, LARGEST_INT)) or bool(mallopt(M_MMAP_MAX, 0))
    return unmapped and bool(mallopt(M_TRIM_THRESHOLD, NEVER))


def return_large_blocks() -> bool:
    """Make this process return freed blocks of `LARGE` bytes or more; return whether that was possible.

    glibc raises the size from which blocks are mapped alone each time such a block is freed, up to 32 MB. After a few
    large images, their pixels are stored among small blocks, and the process does not shrink any more. Does nothing
    where the C library is not glibc.
    """
    mallopt = _mallopt()
    return mallopt is not None and bool(mallopt(M_MMAP_THRESHOLD, LARGE))


def _mallopt() -> Callable[[int, int], int] | None:
    """Return glibc's function, or None where the C library is another one."""
    if platform.libc_ver()[0] != "glibc":
        return None
    try:
        found = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return None
    found.argtypes, found.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    return found
