"""Configures the C library to keep freed memory instead of returning it to the kernel.

glibc allocates a block of more than 32 MB by mapping new pages, and unmaps them when the block is freed. A training
step on a CPU frees and allocates the same large activations each time, so half of its time can go into clearing pages.
With these settings, glibc reuses the pages in the next step; results do not change (`benchmarks/` has the figures).
"""

from __future__ import annotations

import ctypes
import platform

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
"""Parameters of mallopt(3), from glibc's malloc.h."""
LARGEST_INT = 2**31 - 1
NEVER = -1


def keep_freed_memory() -> bool:
    """Make this process reuse freed blocks of up to 2 GB; return whether that was possible.

    This cannot be undone, and the process does not shrink again. Does nothing where the C library is not glibc.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    mallopt.argtypes, mallopt.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    # Some versions refuse a threshold above 32 MB; all accept a maximum of 0 mapped blocks.
    unmapped = bool(mallopt(M_MMAP_THRESHOLD, LARGEST_INT)) or bool(mallopt(M_MMAP_MAX, 0))
    return unmapped and bool(mallopt(M_TRIM_THRESHOLD, NEVER))
