"""The system in which this process runs: only processes of the same one can be looked up by their number."""

from __future__ import annotations

import hashlib
import socket
from functools import lru_cache
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Names the start of the machine's system. Linux has it."""

NUMBERS = Path("/proc/self/ns/pid")
"""Names the group of processes that see one another: each container of a machine is one group."""


def boot(path: Path = BOOT) -> str:
    """Return what names the start of the machine's system; empty where that is not known."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


@lru_cache
def scope(boot_id: Path = BOOT, numbers: Path = NUMBERS) -> str:
    """Return eight hexadecimal digits of the processes that this process can look up by their number.

    They are others on another host, after another start of its system, and in another container.
    """
    try:
        group = str(numbers.readlink())
    except OSError:
        group = ""
    here = f"{boot(boot_id) or socket.gethostname()} {group}"
    return hashlib.blake2b(here.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
