"""The load of the benchmark of services, against a service of a tiny bundle: it finds errors and wrong answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import cv2
import pytest

from benchmarks.serving.load import Call, Expected, apply_load, request_bytes
from benchmarks.serving.malformed import MAKERS, send_malformed
from benchmarks.serving.servers import as_form
from sketchfit.serving.settings import RequestLimits
from tests.bundles import LABELS, tiny_picture, tiny_probabilities, write_tiny_bundle
from tests.serving.processes import service_thread

KINDS = ("horizontal", "vertical", "dot")
LIMITS = RequestLimits(header_seconds=1.0, body_seconds=1.0)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("bundle")
    write_tiny_bundle(folder)
    with service_thread(folder, LIMITS) as port:
        yield port


def image(kind: str) -> bytes:
    return bytes(cv2.imencode(".png", tiny_picture(kind))[1].tobytes())


def calls(change: float = 0.0) -> list[Call]:
    expected = {kind: float(tiny_probabilities(tiny_picture(kind)[None]).max()) for kind in KINDS}
    return [
        Call(request_bytes(image(kind), "image/png"), Expected(label, expected[kind] + change))
        for label, kind in zip(LABELS, KINDS, strict=True)
    ]


@pytest.mark.parametrize("clients", [1, 8])
def test_a_load_is_answered_without_errors(port: int, clients: int) -> None:
    found = asyncio.run(apply_load(port, calls(), clients, 60))
    assert len(found.latencies) == 60
    assert found.errors == {}
    assert found.wrong == 0
    assert found.rate > 0
    assert found.percentile(50) <= found.percentile(99)


def test_wrong_answers_and_errors_are_counted(port: int) -> None:
    assert asyncio.run(apply_load(port, calls(change=0.01), 2, 6)).wrong == 6
    broken = [Call(request_bytes(b"broken", "image/png"), Expected("0", 1.0))]
    assert asyncio.run(apply_load(port, broken, 2, 4)).errors == {"status 422": 4}
    form = [Call(request_bytes(as_form(image("dot")), "multipart/form-data; boundary=b"), calls()[2].expected)]
    assert asyncio.run(apply_load(port, form, 1, 2)).wrong == 0
    assert asyncio.run(apply_load(1, calls(), 1, 2)).failed == 2  # nothing listens there


def test_malformed_requests_leave_it_serving(port: int) -> None:
    answers = send_malformed(port, image("dot"), len(MAKERS))
    assert answers.total() == len(MAKERS)
    assert not {status for status in answers if status.startswith("5")}
    found = asyncio.run(apply_load(port, calls(), 4, 12))
    assert (found.failed, found.wrong) == (0, 0)
