"""Threads of a run: lowered where a quota or spinning threads would stop it, else only a line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from sketchfit import waiting
from sketchfit.processors import OtherLoad
from sketchfit.stages import threads as stage
from sketchfit.stages.threads import fit_threads
from sketchfit.tracking.console import Console

CPU = torch.device("cpu")


def load_of(others: float) -> OtherLoad:
    """Others that use so many cores."""
    now = iter([0.0, 1.0])
    times = iter([(0.0, 0.0), (others, 0.0)])
    return OtherLoad(lambda: next(times), lambda: next(now))


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Four cores, four threads, no variable; the number of threads is restored afterwards."""
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(stage, "own_cores", lambda: (0, 1, 2, 3))
    monkeypatch.setattr("sketchfit.processors.own_cores", lambda: (0, 1, 2, 3))
    monkeypatch.setattr(stage, "cores", lambda: 4)
    monkeypatch.setattr(waiting, "THREADS_SPIN", False)
    torch.set_num_threads(4)
    Console("plain")
    yield monkeypatch
    torch.set_num_threads(before)


def test_an_idle_machine_is_not_mentioned(machine: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fit_threads(load_of(0.1), CPU)
    assert torch.get_num_threads() == 4
    assert capsys.readouterr().out == ""


def test_threads_that_leave_their_core_stay(machine: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Their number decides the bits of a result: another one would make a run unrepeatable."""
    fit_threads(load_of(2.9), CPU)
    assert torch.get_num_threads() == 4
    assert "2.9 of 4 cores" in capsys.readouterr().out


@pytest.mark.parametrize(("others", "expected"), [(0.3, 4), (0.9, 3), (2.9, 1), (4.0, 1)])
def test_spinning_threads_are_as_many_as_there_are_free_cores(
    machine: pytest.MonkeyPatch, others: float, expected: int
) -> None:
    machine.setattr(waiting, "THREADS_SPIN", True)
    fit_threads(load_of(others), CPU)
    assert torch.get_num_threads() == expected


@pytest.mark.parametrize(("own", "expected"), [(None, 2), ("4", 4)])
def test_a_quota_limits_the_threads_unless_the_user_decides(
    machine: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own: str | None, expected: int
) -> None:
    machine.setattr(stage, "cores", lambda: 2)
    if own:
        machine.setenv("OMP_NUM_THREADS", own)
    fit_threads(load_of(0.0), CPU)
    assert torch.get_num_threads() == expected
    assert "2 of 4 cores" in capsys.readouterr().out


def test_a_gpu_does_not_wait_for_cores(machine: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fit_threads(load_of(4.0), torch.device("cuda"))
    assert capsys.readouterr().out == ""
