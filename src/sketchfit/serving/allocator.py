"""Configures the C library to return large freed blocks to the system at once.

glibc raises the size from which blocks are mapped alone each time such a block is freed, up to 32 MB. After a few large
images, their pixels are stored among small blocks, and the process does not shrink any more.
"""

from __future__ import annotations

import ctypes
import platform

M_MMAP_THRESHOLD = -3
"""Parameter of mallopt(3), from glibc's malloc.h."""

LARGE = 1 << 22
"""Bytes from which a block is mapped alone: more than the pixels of usual drawings."""


def return_large_blocks() -> bool:
    """Make this process return freed blocks of `LARGE` bytes or more; return whether that was possible.

    Does nothing where the C library is not glibc.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    mallopt.argtypes, mallopt.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    return bool(mallopt(M_MMAP_THRESHOLD, LARGE))
