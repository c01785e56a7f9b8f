"""Stops a process at chosen system calls, and lets this process decide what happens (Linux, seccomp notifications).

The kernel holds each call until it is answered: it may take place, fail with an error number, or the caller is killed
before it. So a fault happens at exactly the N-th write, also of libraries that are no Python.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import platform
import select
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECCOMP, FILTER_MODE, NEW_LISTENER, NO_NEW_PRIVILEGES = 317, 1, 1 << 3, 38
ALLOW, NOTIFY, CONTINUE = 0x7FFF0000, 0x7FC00000, 1
RECEIVE, SEND = 0xC0502100, 0xC0182101
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ARCHITECTURE = 0xC000003E

NUMBERS = {
    "write": 1, "pwrite64": 18, "writev": 20, "fsync": 74, "fdatasync": 75, "ftruncate": 77, "rename": 82, "mkdir": 83,
    "rmdir": 84, "unlink": 87, "unlinkat": 263, "renameat": 264, "fallocate": 285, "renameat2": 316,
}  # fmt: skip
"""System calls of x86-64 that change files."""
NAMES = {number: name for name, number in NUMBERS.items()}


@dataclass(frozen=True)
class Call:
    """A system call that waits for an answer.

    Attributes:
        key: identifies it.
        pid: number of the calling thread.
        name: in `NUMBERS`.
        arguments: six numbers.
    """

    key: int
    pid: int
    name: str
    arguments: tuple[int, ...]

    def path(self) -> str:
        """Return the file that is changed; empty where it is unknown."""
        with contextlib.suppress(OSError):
            if self.name in ("rename", "renameat", "renameat2", "mkdir", "rmdir", "unlink", "unlinkat"):
                at = self.arguments[0] if self.name.endswith(("at", "at2")) else None
                text = self._text(self.arguments[0 if at is None else 1])
                folder = f"/proc/{self.pid}/cwd" if at is None or at > 1 << 30 else f"/proc/{self.pid}/fd/{at}"
                return text if text.startswith("/") else f"{Path(folder).readlink()}/{text}"
            return str(Path(f"/proc/{self.pid}/fd/{self.arguments[0]}").readlink())
        return ""

    def _text(self, address: int) -> str:
        with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as memory:  # noqa: PTH123
            memory.seek(address)
            return memory.read(4096 - address % 4096).split(b"\0")[0].decode("utf-8", "replace")


def available() -> bool:
    """Return whether this machine has what is needed."""
    return platform.machine() == "x86_64" and os.path.exists("/proc/sys/kernel/seccomp/actions_avail")  # noqa: PTH110


def hold(names: Sequence[str], to: socket.socket) -> None:
    """Hold these calls of this process and its threads from now on; send the listener's file to the other process."""
    numbers = [NUMBERS[name] for name in names]
    program = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, ARCHITECTURE), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, 0)]
    for place, number in enumerate(numbers):
        program.append((EQUAL, len(numbers) - place, 0, number))
    program += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, NOTIFY)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    header = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    listener = libc.syscall(SECCOMP, FILTER_MODE, NEW_LISTENER, header)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    socket.send_fds(to, [b"x"], [listener])
    os.close(listener)
    to.close()


class Listener:
    """Receives held calls and answers them."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._poll = select.poll()
        self._poll.register(file, select.POLLIN)

    def receive(self, seconds: float) -> Call | None:
        """Return a call that waits; None where there is none within so many seconds."""
        if not any(event & select.POLLIN for _, event in self._poll.poll(seconds * 1000)):
            return None
        buffer = bytearray(80)
        try:
            fcntl.ioctl(self._file, RECEIVE, buffer, True)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINTR):  # the caller was killed meanwhile
                return None
            raise
        key, pid, _, number, _, _, *arguments = struct.unpack("QIIiIQ6Q", buffer)
        return Call(key, pid, NAMES[number], tuple(arguments))

    def answer(self, call: Call, error: int = 0) -> None:
        """Let a call take place, or fail with an error number."""
        answer = struct.pack("QqiI", call.key, 0, -error, 0 if error else CONTINUE)
        with contextlib.suppress(OSError):  # the caller was killed meanwhile
            fcntl.ioctl(self._file, SEND, answer)

    def close(self) -> None:
        """Close the listener; calls that wait fail."""
        os.close(self._file)
