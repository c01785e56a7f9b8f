"""What a service counts, in Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.serving.counters import Counters

ROUTES = ("/predict", "/explain", "/model", "/health", "/ready", "/metrics", "other")
STATUSES = (200, 304, 400, 401, 404, 405, 408, 413, 415, 422, 429, 499, 500, 503)
"""499: the client has gone. Other statuses count as the last one that is not above them."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper ends of the histogram of requests to `/predict`."""

BATCHES = (1, 2, 4, 8, 16, 32, 64)
"""Upper ends of the histogram of batch sizes."""

_REQUESTS = 0
_IMAGES = _REQUESTS + len(ROUTES) * len(STATUSES)
_LATENCY = _IMAGES + 2
_BATCH = _LATENCY + len(SECONDS) + 2
_COMPUTE = _BATCH + len(BATCHES) + 2
_GAUGES = _COMPUTE + 1
_SIZE = _GAUGES + 2

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The figures of a service.

    Args:
        folder: that worker processes share; None: there is one process.
        version: of sketchfit.
    """

    def __init__(self, folder: Path | None, version: str) -> None:
        self._counters, self._version = Counters(_SIZE, folder), version

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        route = ROUTES.index(path) if path in ROUTES else len(ROUTES) - 1
        known = max((one for one in STATUSES if one <= status), default=STATUSES[0])
        self._counters.add(_REQUESTS + route * len(STATUSES) + STATUSES.index(known))
        if path == "/predict":
            self._observe(_LATENCY, SECONDS, seconds)

    def images(self, answered: int, refused: int) -> None:
        """Count images with a prediction, and images that cannot be read."""
        self._counters.add(_IMAGES, answered)
        self._counters.add(_IMAGES + 1, refused)

    def batch(self, images: int, seconds: float) -> None:
        """Count a batch."""
        self._observe(_BATCH, BATCHES, images)
        self._counters.add(_COMPUTE, seconds)

    def in_work(self, images: int, waiting: int) -> None:
        """Note how many images are in work, and how many of them wait for the network."""
        self._counters.set(_GAUGES, images)
        self._counters.set(_GAUGES + 1, waiting)

    def text(self) -> str:
        """Return all figures, of all worker processes."""
        return "\n".join(self._lines()) + "\n"

    def _observe(self, first: int, ends: tuple[float, ...], value: float) -> None:
        self._counters.add(first + bisect_left(ends, value))
        self._counters.add(first + len(ends) + 1, value)

    def _lines(self) -> Iterator[str]:
        sums, living = self._counters.sums(), self._counters.sums_of_living()
        yield from _head("sketchfit_info", "gauge", "Version of sketchfit.")
        yield f'sketchfit_info{{version="{self._version}"}} 1'
        yield from _head("sketchfit_requests_total", "counter", "Requests by path and status.")
        for route, path in enumerate(ROUTES):
            for place, status in enumerate(STATUSES):
                if count := sums[_REQUESTS + route * len(STATUSES) + place]:
                    yield f'sketchfit_requests_total{{path="{path}",status="{status}"}} {count:.0f}'
        yield from _head("sketchfit_images_total", "counter", "Images by outcome.")
        for place, outcome in enumerate(("predicted", "unreadable")):
            yield f'sketchfit_images_total{{outcome="{outcome}"}} {sums[_IMAGES + place]:.0f}'
        yield from _histogram("sketchfit_predict_seconds", "Seconds of requests to /predict.", sums[_LATENCY:], SECONDS)
        yield from _histogram("sketchfit_batch_images", "Images per batch.", sums[_BATCH:], BATCHES)
        yield from _head("sketchfit_compute_seconds_total", "counter", "Seconds of the network.")
        yield f"sketchfit_compute_seconds_total {sums[_COMPUTE]:.6f}"
        yield from _head("sketchfit_images_in_work", "gauge", "Images that are decoded, waiting, or computed.")
        yield f"sketchfit_images_in_work {living[_GAUGES]:.0f}"
        yield from _head("sketchfit_images_waiting", "gauge", "Images that wait for the network.")
        yield f"sketchfit_images_waiting {living[_GAUGES + 1]:.0f}"


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def _histogram(name: str, text: str, values: NDArray[np.float64], ends: tuple[float, ...]) -> Iterator[str]:
    """Yield cumulative buckets, the sum and the count."""
    yield from _head(name, "histogram", text)
    total = np.cumsum(values[: len(ends) + 1])
    for end, count in zip(ends, total, strict=False):
        yield f'{name}_bucket{{le="{end:g}"}} {count:.0f}'
    yield f'{name}_bucket{{le="+Inf"}} {total[-1]:.0f}'
    yield f"{name}_sum {values[len(ends) + 1]:.6f}"
    yield f"{name}_count {total[-1]:.0f}"
