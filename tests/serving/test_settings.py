"""Settings of a service that cannot be are refused together."""

from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.errors import UserError
from sketchfit.serving.settings import Capacity, RequestLimits, ServiceSettings


def test_all_problems_are_named_at_once() -> None:
    wrong = ServiceSettings(
        Path(), port=-1, workers=0, threads=0, capacity=Capacity(images=0, batch=0), limits=RequestLimits(seconds=0),
        origins=("https://a/b",), reject=1.0,
    )  # fmt: skip
    with pytest.raises(UserError) as found:
        wrong.check()
    for name in ("--port", "--workers", "--threads", "--queue", "--batch", "--timeout", "--cors", "--reject"):
        assert sum(name in problem for problem in found.value.problems) == 1, name


@pytest.mark.parametrize("name", ["workers", "threads"])
def test_a_mistyped_number_of_threads_is_refused(name: str) -> None:
    ServiceSettings(Path(), **{name: 1024}).check()
    with pytest.raises(UserError, match=f"--{name}"):
        ServiceSettings(Path(), **{name: 1025}).check()


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.8.9.1", True), ("0.0.0.0", False), ("::", False),
     ("example.org", False), ("192.168.1.2", False)],
)  # fmt: skip
def test_local_addresses(host: str, local: bool) -> None:
    assert ServiceSettings(Path(), host=host).is_local is local


def test_threads_are_shared_by_the_workers() -> None:
    assert ServiceSettings(Path(), workers=1000).worker_threads == 1
    assert ServiceSettings(Path(), workers=2, threads=3).worker_threads == 3
