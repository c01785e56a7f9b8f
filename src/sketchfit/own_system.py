"""The system in which this process runs: only processes of the same one can be looked up by their number."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path

WINDOWS = sys.platform == "win32"
"""Whether files that are open can be neither replaced nor deleted, and permissions mean little."""

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
    import hashlib
    import socket

    try:
        group = str(numbers.readlink())
    except OSError:
        group = ""
    here = f"{boot(boot_id) or socket.gethostname()} {group}"
    return hashlib.blake2b(here.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()


if sys.platform == "win32":

    def is_own(path: Path) -> bool:
        """Return whether this user made a file: each user has a separate folder for temporary files."""
        return path.exists()

    def is_private(path: Path) -> bool:
        """Return whether only this user may write into a folder."""
        return path.is_dir() and not path.is_symlink()

else:

    def is_own(path: Path) -> bool:
        """Return whether this user made a file: others write to the same folder for temporary files."""
        try:
            return path.lstat().st_uid == os.getuid()
        except OSError:  # another process has deleted it
            return False

    def is_private(path: Path) -> bool:
        """Return whether only this user may write into a folder."""
        return path.is_dir() and not path.is_symlink() and is_own(path) and not path.lstat().st_mode & 0o022
