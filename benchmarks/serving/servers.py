"""Services in separate processes: sketchfit's and the peers'."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from sketchfit.processors import cores

STARTS_WITHIN = 120.0


@dataclass(frozen=True)
class Kind:
    """A service.

    Attributes:
        name: for the table.
        command: that starts it, with `{port}` in the place of the port.
        body: an image's bytes to the body of a request.
        content_type: of the body.
    """

    name: str
    command: tuple[str, ...]
    body: Callable[[bytes], bytes]
    content_type: str


@dataclass(frozen=True)
class Running:
    """A service at work: its port, and its process, the parent of all others."""

    port: int
    process: psutil.Popen

    def processes(self) -> list[psutil.Process]:
        """All its processes."""
        return [self.process, *self.process.children(recursive=True)]

    def workers(self) -> list[psutil.Process]:
        """The processes that answer requests, of a sketchfit service with several."""
        return [one for one in self.process.children() if "spawn_main" in _command(one)]

    def memory(self) -> float:
        """Memory of all its processes, in MB; what they share is counted once."""
        total = 0
        for one in self.processes():
            try:
                total += one.memory_full_info().pss
            except psutil.Error:
                continue
        return total / 1e6


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has ended
        return ""


def sketchfit(bundle: Path, workers: int, threads: int, runtime: str = "onnxruntime", body: str = "form") -> Kind:
    """Return sketchfit's service of a bundle; `body`: form, JSON or bytes."""
    name = f"sketchfit, {runtime}, {workers} × {threads}, {body}"
    options = ("--port", "{port}", "--workers", str(workers), "--threads", str(threads), "--runtime", runtime)
    command = (sys.executable, "-m", "sketchfit", "serve", str(bundle), *options)
    return Kind(name, command, *BODIES[body])


def fastapi(run: Path) -> Kind:
    """Return the plain FastAPI handler."""
    command = (sys.executable, "-m", "benchmarks.serving.fastapi_torch", str(run), "{port}")
    return Kind(f"FastAPI, torch, 1 × {cores()}, form", command, *BODIES["form"])


def litserve(run: Path) -> Kind:
    """Return LitServe."""
    command = (sys.executable, "-m", "benchmarks.serving.litserve_torch", str(run), "{port}")
    return Kind(f"LitServe, torch, 1 × {cores()}, JSON", command, *BODIES["JSON"])


def as_form(data: bytes) -> bytes:
    """Return a form with one file."""
    head = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\n'
    return head + data + b"\r\n--b--\r\n"


def as_json(data: bytes) -> bytes:
    """Return JSON with one image in base64."""
    return json.dumps({"image": base64.b64encode(data).decode()}).encode()


BODIES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "form": (as_form, "multipart/form-data; boundary=b"),
    "JSON": (as_json, "application/json"),
    "bytes": (lambda data: data, "application/octet-stream"),
}
"""How an image's bytes become the body of a request, and its content type."""


@contextmanager
def running(kind: Kind) -> Iterator[Running]:
    """Start a service on a free port of 127.0.0.1; stop it at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [one.format(port=port) for one in kind.command]
    environment = {**os.environ, "OMP_NUM_THREADS": str(cores())}
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    service = Running(port, process)
    try:
        _wait(service)
        yield service
    finally:
        left = service.processes() if process.is_running() else []
        process.terminate()
        _, alive = psutil.wait_procs(left, timeout=10)
        for one in alive:
            one.kill()


def _wait(service: Running) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{service.port}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if service.process.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError(f"{service.process.args} does not answer")
