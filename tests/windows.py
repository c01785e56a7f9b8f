"""A simulation of Windows, in which complete commands run: `python -X warn_default_encoding -m tests.windows run …`.

The modules of sketchfit see the `sys`, `os` and `signal` of Windows: without the functions, signals and modules that it
lacks. Everybody's files behave as there: one that this process has open or mapped can be neither replaced nor deleted,
a folder with such a file cannot be renamed, a handle for reading cannot be flushed, a folder cannot be opened, nothing
can be linked. Other libraries still see Linux.
"""

from __future__ import annotations

import builtins
import errno
import fcntl
import importlib.abc
import importlib.machinery
import os
import shutil
import socket
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

OS = """
getuid getgid geteuid getegid fork forkpty sched_getaffinity sched_setaffinity sysconf statvfs uname getloadavg killpg
setsid mkfifo nice chown lchown posix_fallocate register_at_fork pathconf O_NOFOLLOW O_NONBLOCK O_CLOEXEC O_DIRECTORY
waitid wait3 wait4
"""
SIGNAL = """
SIGHUP SIGUSR1 SIGUSR2 SIGKILL SIGALRM SIGQUIT SIGPIPE SIGCHLD pthread_kill pthread_sigmask SIG_BLOCK SIG_UNBLOCK
SIG_SETMASK setitimer alarm pause sigwait
"""
ABSENT = {"os": OS.split(), "signal": SIGNAL.split(), "socket": ["SO_REUSEPORT", "AF_UNIX"], "sys": []}
"""What modules lack on Windows."""

OTHER = {"sys": {"platform": "win32"}, "os": {"name": "nt"}, "socket": {"SO_EXCLUSIVEADDRUSE": socket.SO_REUSEADDR}}
"""What is different there."""

NO_MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "posix", "uvloop")


class WindowsModule(types.ModuleType):
    """A module as it is on Windows; what it has is read from, and written to, the real one."""

    def __init__(self, real: types.ModuleType) -> None:
        super().__init__(real.__name__)
        object.__setattr__(self, "real", real)

    def __getattribute__(self, name: str) -> Any:
        real = object.__getattribute__(self, "real")
        if name in OTHER.get(real.__name__, {}):
            return OTHER[real.__name__][name]
        if name in ABSENT[real.__name__]:
            raise AttributeError(f"module {real.__name__!r} has no attribute {name!r} on Windows")
        return getattr(real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(object.__getattribute__(self, "real"), name, value)


def _locking(descriptor: int, mode: int, _count: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PermissionError(errno.EACCES, "locked") from error


def _no_junction(_source: str, _link: str) -> None:
    raise OSError(errno.EINVAL, "the file system has no junctions")


OWN = {
    "msvcrt": types.SimpleNamespace(locking=_locking, LK_NBLCK=2),
    "_winapi": types.SimpleNamespace(CreateJunction=_no_junction),
}
"""Modules that only Windows has."""


def import_on_windows(name: str, *arguments: Any, **options: Any) -> Any:
    """Import a module as a module of sketchfit does on Windows."""
    top = name.partition(".")[0]
    if top in NO_MODULES:
        raise ImportError(f"no module named {name!r} on Windows")
    if top in OWN:
        return OWN[top]
    found = builtins.__import__(name, *arguments, **options)
    return WindowsModule(found) if name in ABSENT else found


class ModulesOnWindows(importlib.abc.MetaPathFinder):
    """Gives the modules of a package another `import` statement.

    Args:
        package: its name.
    """

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find a module of the package."""
        if name.partition(".")[0] != self._package:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: types.ModuleType) -> None:
                vars(module)["__builtins__"] = vars(builtins) | {"__import__": import_on_windows}
                execute(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def opened() -> Iterator[str]:
    """Yield the paths of the files that this process has open or mapped."""
    for entry in Path("/proc/self/fd").iterdir():
        try:
            yield str(entry.readlink())
        except OSError:
            continue
    with Path("/proc/self/maps").open(encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            fields = line.rstrip("\n").split(maxsplit=5)
            if len(fields) == 6:
                yield fields[5]


def check_closed(path: Any) -> None:
    """Refuse a path that is open, or a folder of one."""
    if not isinstance(path, str | os.PathLike):
        return
    path = Path(path)
    if path.name.startswith(".filelock-") or path.suffix == ".lock":  # filelock does it otherwise there
        return
    real = str(path.absolute().parent.resolve() / path.name)
    for one in opened():
        if one == real or one.startswith(f"{real}/"):
            raise PermissionError(errno.EACCES, f"another process uses this file (here: {one})", str(path))


def _checked(real: Callable[..., Any], paths: int, *, replaces: bool = True) -> Callable[..., Any]:
    def operation(*arguments: Any, **options: Any) -> Any:
        for path in arguments[:paths]:
            check_closed(path)
        if not replaces and os.path.lexists(arguments[1]):
            raise FileExistsError(errno.EEXIST, "it exists", str(arguments[1]))
        return real(*arguments, **options)

    return operation


def files_of_windows(patch: Callable[[Any, str, Any], None]) -> None:
    """Let the file functions of Python behave as on Windows.

    Args:
        patch: sets an attribute of a module, such as `setattr` or that of pytest's `monkeypatch`.
    """
    fsync, open_file = os.fsync, os.open

    def flush(descriptor: Any) -> None:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        if fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "a handle for reading cannot be flushed")
        fsync(number)

    def open_no_folder(path: Any, *arguments: Any, **options: Any) -> int:
        if "dir_fd" not in options and Path(path).is_dir():
            raise PermissionError(errno.EACCES, "a folder cannot be opened", str(path))
        return open_file(path, *arguments, **options)

    def refuse_link(source: Any, *_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, "a required privilege is not held by the client", str(source))

    def refuse_kill(process: int, _number: int) -> None:
        raise AssertionError(f"os.kill ends process {process} on Windows, whatever the signal is")

    patch(os, "fsync", flush)
    patch(os, "open", open_no_folder)
    patch(os, "symlink", refuse_link)
    patch(os, "kill", refuse_kill)
    patch(os, "replace", _checked(os.replace, 2))
    patch(os, "rename", _checked(os.rename, 2, replaces=False))
    for name in ("unlink", "remove", "rmdir"):
        patch(os, name, _checked(getattr(os, name), 1))
    patch(shutil, "_use_fd_functions", False)


def simulate() -> None:
    """Turn this process into one on Windows, before sketchfit is imported."""
    assert not any(name.partition(".")[0] == "sketchfit" for name in sys.modules)
    sys.meta_path.insert(0, ModulesOnWindows("sketchfit"))
    files_of_windows(setattr)
    warnings.filterwarnings("error", category=EncodingWarning, module=r"sketchfit\b")


def main() -> None:
    """Run a command of sketchfit."""
    simulate()
    sys.argv[0] = "sketchfit"
    from sketchfit.cli.main import main as command

    command()


if __name__ == "__main__":
    main()
