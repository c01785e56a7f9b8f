"""Runs a service: uvicorn in this process, or a parent that keeps several workers alive."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from dataclasses import replace

from uvicorn import Config, Server
from uvicorn.supervisors.multiprocess import Multiprocess

from sketchfit.bundle.runtimes import check_runtime
from sketchfit.errors import UserError
from sketchfit.serving.app import AppFactory
from sketchfit.serving.protocol import BoundedProtocol
from sketchfit.serving.service import Service
from sketchfit.serving.settings import SHORTEST_TOKEN, TOKEN, ServiceSettings
from sketchfit.serving.sockets import BACKLOG, CAN_SHARE_PORTS, WorkerSockets, address_of, listening_socket
from sketchfit.temporary import temporary_folder

GRACE = 30
"""Seconds in which requests that have arrived are answered after a signal."""

WORKER_SILENT = 60
"""Seconds after which a worker that does not react is replaced."""

Announce = Callable[[str], None]


def check_service(settings: ServiceSettings) -> None:
    """Refuse what no service can be started with, before a run is exported for it. The bundle is not opened.

    Raises:
        UserError: a setting, the runtime or the token is wrong, or the address cannot be used.
    """
    settings.check()
    check_runtime(settings.runtime)
    check_token()
    listening_socket(settings.host, settings.port).close()


def run_service(settings: ServiceSettings, announce: Announce) -> None:
    """Answer requests until a signal ends the process.

    A worker that dies is replaced; it loses only the requests that it had accepted.

    Args:
        settings: of the service; see `check_service`.
        announce: receives the address when requests are answered.

    Raises:
        UserError: the bundle is wrong, or the address cannot be used.
    """
    listening = listening_socket(settings.host, settings.port)
    address = address_of(listening)
    if settings.workers == 1:
        config = config_of(settings)
        config.load()  # opens the bundle
        announce(address)
        Server(config).run([listening])
        return
    Service.open(settings)  # a mistake is found once, and not by each worker
    sockets = WorkerSockets(listening) if CAN_SHARE_PORTS else [listening]
    with temporary_folder() as folder:
        Workers(config_of(replace(settings, metrics=folder)), sockets, lambda: announce(address)).run()


class Workers(Multiprocess):
    """Worker processes; those that die are replaced.

    Args:
        config: of the server.
        sockets: at which they listen.
        announce: called when the first of them answers requests.
    """

    def __init__(self, config: Config, sockets: list[socket.socket], announce: Callable[[], None]) -> None:
        super().__init__(config, sockets)
        self._announce = announce

    def init_processes(self) -> None:
        """Start all."""
        super().init_processes()
        if self.processes[0].wait_until_ready(WORKER_SILENT, self.should_exit):
            self._announce()


def config_of(settings: ServiceSettings) -> Config:
    """Return uvicorn's settings."""
    return Config(
        AppFactory(settings),
        factory=True,
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,  # uvicorn's own would close the handlers of others in this process
        workers=settings.workers,
        log_level=logging.INFO if settings.access_log else logging.WARNING,
        access_log=settings.access_log,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        limit_concurrency=settings.capacity.connections,
        timeout_graceful_shutdown=GRACE,
        timeout_worker_healthcheck=WORKER_SILENT,
    )


def check_token() -> None:
    """Refuse a token that can be guessed.

    Raises:
        UserError: it is too short.
    """
    token = os.environ.get(TOKEN, "")
    if token and len(token) < SHORTEST_TOKEN:
        raise UserError(
            f"the token in {TOKEN} is too short: {len(token)} characters",
            f"Use {SHORTEST_TOKEN} or more, for example of: openssl rand -hex 16",
        )
