"""What a service is started with. Secrets come from the environment and are no part of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from sketchfit.bundle.decode import UploadLimits
from sketchfit.bundle.runtimes import Runtime
from sketchfit.errors import Problems
from sketchfit.processors import cores

TOKEN = "SKETCHFIT_TOKEN"
"""Environment variable of the bearer token that clients must send."""

SHORTEST_TOKEN = 16
"""Characters: shorter ones can be guessed."""

MOST_WORKERS = 1024
"""Processes, and threads of each: a mistyped number would take all memory."""


@dataclass(frozen=True)
class Capacity:
    """How much of what each worker process accepts at the same time; more is refused with 429.

    Attributes:
        images: waiting or being computed.
        bytes: of request bodies in memory.
        connections: open ones, idle ones too.
        batch: images that the network computes at once.
        wait: seconds that an image waits for others that are being decoded.
    """

    images: int = 256
    bytes: int = 256_000_000
    connections: int = 1000
    batch: int = 8
    wait: float = 0.002


@dataclass(frozen=True)
class RequestLimits:
    """Limits of one request.

    Attributes:
        seconds: from its headers to the answer.
        body_seconds: in which its body must arrive.
        header_seconds: in which its headers must arrive.
        read_seconds: in which the client must read what is buffered of an answer.
        bytes: of its body.
        images: in its body.
        image: limits of each image.
    """

    seconds: float = 30.0
    body_seconds: float = 20.0
    header_seconds: float = 10.0
    read_seconds: float = 20.0
    bytes: int = 32_000_000
    images: int = 64
    image: UploadLimits = field(default_factory=UploadLimits)


@dataclass(frozen=True)
class ServiceSettings:
    """A service.

    Attributes:
        bundle: its folder.
        host, port: where it listens; port 0 is any that is free.
        workers: number of processes.
        threads: of each worker's network; None: the cores divided by the workers.
        runtime: library that runs the network.
        int8: whether the quantised network is used.
        capacity: of each worker.
        limits: of each request.
        origins: web pages of these origins may read answers (CORS).
        reject: share of images of known classes that may be called unknown, unless a request states another.
        metrics: folder in which workers count; None: in memory.
        access_log: whether each request is logged.
    """

    bundle: Path
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    threads: int | None = None
    runtime: Runtime = "onnxruntime"
    int8: bool = False
    capacity: Capacity = Capacity()
    limits: RequestLimits = RequestLimits()
    origins: tuple[str, ...] = ()
    reject: float | None = None
    metrics: Path | None = None
    access_log: bool = False

    @property
    def worker_threads(self) -> int:
        """Threads of each worker's network."""
        return max(1, cores() // self.workers) if self.threads is None else self.threads

    @property
    def is_local(self) -> bool:
        """Whether only programs of this machine reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def check(self) -> None:
        """Refuse settings that no service can have.

        Raises:
            UserError: all that is wrong.
        """
        problems = Problems()
        counts = {
            "--queue": self.capacity.images,
            "--batch": self.capacity.batch,
            "--max-images": self.limits.images,
            "--max-bytes": self.limits.bytes,
            "--max-pixels": self.limits.image.pixels,
        }
        for name, value in counts.items():
            if value < 1:
                problems.add(f"{name} must be at least 1, not {value}")
        for name, value in (("--workers", self.workers), ("--threads", 1 if self.threads is None else self.threads)):
            if not 1 <= value <= MOST_WORKERS:
                problems.add(f"{name} must be between 1 and {MOST_WORKERS}, not {value}")
        if not 0 <= self.port < 1 << 16:
            problems.add(f"--port must be between 0 and 65535, not {self.port}")
        if not self.limits.seconds > 0:
            problems.add(f"--timeout must be above 0, not {self.limits.seconds:g}")
        if self.reject is not None and not 0 < self.reject < 1:
            problems.add(f"--reject must be between 0 and 1, not {self.reject:g}")
        for origin in self.origins:
            if not _is_origin(origin):
                problems.add(
                    f"--cors: {origin!r} is no origin", "An origin is like https://example.org, without a path."
                )
        problems.stop()


def _is_origin(text: str) -> bool:
    scheme, mark, host = text.partition("://")
    return bool(mark) and scheme in ("http", "https") and bool(host) and "/" not in host
