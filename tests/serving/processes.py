"""A service in separate processes, or in a thread of the test."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from uvicorn import Server

from sketchfit.serving.run import config_of
from sketchfit.serving.settings import RequestLimits, ServiceSettings
from sketchfit.serving.sockets import listening_socket

TOO_LONG = 60.0


@dataclass
class ServiceProcess:
    """`sketchfit serve` at work.

    Attributes:
        process: the parent of its workers.
        address: of the service, as `http://127.0.0.1:1234`.
        lines: what it printed to standard error.
    """

    process: subprocess.Popen[str]
    address: str = ""
    lines: list[str] = field(default_factory=list)

    def workers(self) -> list[psutil.Process]:
        """The processes that answer requests."""
        return [one for one in psutil.Process(self.process.pid).children() if _is_worker(one)]

    def wait_until_ready(self) -> None:
        """Wait for the first answer."""
        wait_for(lambda: _is_ready(self.address), self)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(TOO_LONG)


def _is_worker(child: psutil.Process) -> bool:
    """Whether a child is at work, and not the one that clears up after `multiprocessing`."""
    try:
        return "resource_tracker" not in " ".join(child.cmdline())
    except psutil.Error:  # it has been killed
        return False


def wait_for(reached: object, service: ServiceProcess) -> None:
    """Wait until a condition holds, while the service is alive."""
    end = time.monotonic() + TOO_LONG
    while not reached():  # type: ignore[operator]
        assert service.process.poll() is None, "\n".join(service.lines)
        assert time.monotonic() < end, "\n".join(service.lines)
        time.sleep(0.02)


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@contextmanager
def service_process(bundle: Path, *options: object, first: str = "") -> Iterator[ServiceProcess]:
    """Start a service on any free port; it is killed at the end if it is still there.

    Args:
        bundle: of the network.
        options: further options of the command.
        first: Python code that is run before it.
    """
    start = f"import sketchfit.cli.main as cli; {first}; cli.main()" if first else ""
    python = [sys.executable, *(["-c", start] if first else ["-m", "sketchfit"])]
    command = [*python, "serve", bundle, "--port", 0, "--threads", 1, *options]
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    service = ServiceProcess(process)
    reader = threading.Thread(target=lambda: service.lines.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        wait_for(lambda: any("http://" in line for line in service.lines), service)
        found = re.search(r"http://[\w.:]+\d", "".join(service.lines))
        assert found
        service.address = found[0]
        service.wait_until_ready()
        yield service
    finally:
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        for one in (process, *children):
            one.kill()
        process.wait(TOO_LONG)
        reader.join(TOO_LONG)


@contextmanager
def service_thread(folder: Path, limits: RequestLimits) -> Iterator[int]:
    """Answer requests for a bundle in a thread; yield the port."""
    listening = listening_socket("127.0.0.1", 0)
    server = Server(config_of(ServiceSettings(folder, threads=1, limits=limits)))
    thread = threading.Thread(target=server.run, args=([listening],))
    port = listening.getsockname()[1]
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield port
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()
