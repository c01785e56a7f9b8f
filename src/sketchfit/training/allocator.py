"""Memory that the C library keeps between steps instead of handing it back to the kernel.

glibc serves a block of more than 32 MB by mapping fresh pages, and unmaps them when the block is freed. A training step
on a CPU frees and asks again for the same large activations each time, so that half of its time can go into the kernel
clearing pages. Told to keep what was freed, glibc hands out the same pages at the next step: nothing that is computed
changes (`benchmarks/` has the figures).
"""

from __future__ import annotations

import ctypes
import platform

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
"""Parameters of mallopt(3), from glibc's malloc.h."""
LARGEST_INT = 2**31 - 1
NEVER = -1


def keep_freed_memory() -> bool:
    """Let freed memory be used again by this process, whatever the block's size up to 2 GB; whether that was possible.

    It holds for the whole process and can't be taken back. The process stays as large as it once was. Does nothing
    where the C library isn't glibc.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    mallopt.argtypes, mallopt.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    # Some versions refuse a threshold above 32 MB; all take "map nothing".
    unmapped = bool(mallopt(M_MMAP_THRESHOLD, LARGEST_INT)) or bool(mallopt(M_MMAP_MAX, 0))
    return unmapped and bool(mallopt(M_TRIM_THRESHOLD, NEVER))
