"""A service with the answers of the tiny bundle's formulas, whose failures a test chooses."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import uvicorn
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sketchfit.bundle.explain import explain
from sketchfit.bundle.manifest import BundleManifest
from sketchfit.bundle.page_facts import page_facts
from sketchfit.data.resize import to_square
from sketchfit.serving.page import page_routes
from tests.bundles import SIZE, tiny_features, tiny_neighbours, tiny_probabilities


@dataclass
class _Answers:
    probabilities: NDArray[np.float32]
    features: NDArray[np.float32]


@dataclass
class FakeService:
    """What the service does and what it received.

    Attributes:
        manifest: of the bundle.
        token: that requests must have.
        failures: answers of the next calls of `/predict`, instead of a prediction.
        bodies: received by `/predict`.
        address: of the page.
    """

    manifest: BundleManifest
    token: str | None = None
    failures: list[Response] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    address: str = ""

    def predict_prepared(self, pictures: NDArray[np.uint8]) -> _Answers:
        return _Answers(tiny_probabilities(pictures), tiny_features(pictures))

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                *page_routes(),
                Route("/model", self._model),
                Route("/predict", self._predict, methods=["POST"]),
                Route("/explain", self._explain, methods=["POST"]),
            ]
        )

    async def _model(self, request: Request) -> Response:
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"error": "no token"}, 401)
        return JSONResponse(page_facts(self.manifest, neighbours=True).model_dump(mode="json"))

    async def _predict(self, request: Request) -> Response:
        body = await request.body()
        self.bodies.append(body)
        if self.failures:
            return self.failures.pop(0)
        probabilities = tiny_probabilities(_prepared(body)[None])[0]
        classes = [self._class(int(i), probabilities) for i in np.argsort(-probabilities)]
        unknown = {"set": [classes[0]["label"]], "p_value": 0.5, "unknown": False}
        return JSONResponse({"predictions": [{**classes[0], "top": classes, **unknown}]})

    async def _explain(self, request: Request) -> Response:
        found = explain(self, _prepared(await request.body()), tiny_neighbours(30))
        return JSONResponse(found.model_dump(mode="json"))

    def _class(self, i: int, probabilities: NDArray[np.float32]) -> dict[str, Any]:
        return {
            "label": self.manifest.labels[i],
            "name": self.manifest.names[i],
            "probability": float(probabilities[i]),
        }


def _prepared(body: bytes) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    return to_square(np.asarray(image, np.uint8), SIZE, "pad")[0]


@contextmanager
def running(service: FakeService) -> Iterator[FakeService]:
    """Run the service on a free port."""
    server = uvicorn.Server(uvicorn.Config(service.app(), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    service.address = f"http://127.0.0.1:{port}/"
    yield service
    server.should_exit = True
    thread.join()


def write_service(folder: Path, **changes: Any) -> FakeService:
    """Make a service of a tiny bundle in a folder."""
    from tests.bundles import write_tiny_bundle

    return FakeService(write_tiny_bundle(folder, **changes))
