"""Runs a service: uvicorn in this process, or a parent that keeps several workers alive."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from dataclasses import replace

from uvicorn import Config, Server
from uvicorn.supervisors.multiprocess import Multiprocess

from sketchfit.errors import UserError
from sketchfit.serving.app import AppFactory
from sketchfit.serving.protocol import BoundedProtocol
from sketchfit.serving.service import Service
from sketchfit.serving.settings import SHORTEST_TOKEN, TOKEN, ServiceSettings
from sketchfit.temporary import temporary_folder

GRACE = 30
"""Seconds in which requests that have arrived are answered after a signal."""

WORKER_SILENT = 60
"""Seconds after which a worker that does not react is replaced."""

BACKLOG = 2048

Announce = Callable[[str], None]


def run_service(settings: ServiceSettings, announce: Announce) -> None:
    """Answer requests until a signal ends the process.

    A worker that dies is replaced; it loses only the requests that it had accepted.

    Args:
        settings: of the service.
        announce: receives the address as soon as it is known.

    Raises:
        UserError: a setting, the token or the bundle is wrong, or the address cannot be used.
    """
    settings.check()
    check_token()
    listening = bound_socket(settings.host, settings.port)
    host, port = listening.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if settings.workers == 1:
        config = config_of(settings)
        config.load()  # opens the bundle
        announce(address)
        Server(config).run([listening])
        return
    Service.open(settings)  # a mistake is found once, and not by each worker
    with temporary_folder() as folder:
        announce(address)
        Multiprocess(config_of(replace(settings, metrics=folder)), [listening]).run()


def config_of(settings: ServiceSettings) -> Config:
    """Return uvicorn's settings."""
    return Config(
        AppFactory(settings),
        factory=True,
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
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


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; worker processes share it.

    Raises:
        UserError: the address cannot be used.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise UserError(
            f"{host}:{port} cannot be used: {error.strerror or error}", "Choose another --port, or --host."
        ) from error
    listening.set_inheritable(True)
    return listening


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
