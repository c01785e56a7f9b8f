from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Server:
    """A local web server that stores what is posted to it; it can reply with an error, or not at all."""

    def __init__(self) -> None:
        self.status = 200
        self.hang_after: int | None = None
        self.gave_up = False  # whether it hung until its own limit
        self.requests: list[tuple[str, Any]] = []
        self.released = threading.Event()
        self.arrived = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with outer.arrived:
                    outer.requests.append((self.path, body))
                    count = len(outer.requests)
                    outer.arrived.notify_all()
                if outer.hang_after is not None and count > outer.hang_after:
                    outer.gave_up = not outer.released.wait(60)
                    return
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(b"ok")

            do_GET = do_POST = do_PUT = _answer

            def log_message(self, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self.port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def json(self) -> list[Any]:
        return [json.loads(body) for _, body in self.requests]

    def wait_for(self, count: int, seconds: float = 5.0) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= count, seconds), self.requests

    def stop(self) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def warned() -> Iterator[list[str]]:
    """The warnings that sketchfit logs during the test, whether a console is set up or not."""
    handler, logger = _Lines(), logging.getLogger("sketchfit")
    logger.addHandler(handler)
    yield handler.lines
    logger.removeHandler(handler)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No account, address or setting of whoever runs the tests; files that trackers stage go to a temporary place."""
    for name in list(os.environ):
        if name.startswith(("WANDB_", "MLFLOW_", "SKETCHFIT_NOTIFY")):
            monkeypatch.delenv(name)
    place = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("WANDB_DATA_DIR", str(place))
    monkeypatch.setenv("WANDB_CACHE_DIR", str(place))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(place))
