"""Devices and processes: what is refused, and what only the main process does."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, PartialState

from sketchfit.config.tracking import TrackingSection
from sketchfit.config.training import ComputeSection
from sketchfit.errors import UserError
from sketchfit.peers import LostRankError
from sketchfit.training import join
from sketchfit.training.engine import Engine, make_engine
from sketchfit.training.join import lost_process_named


def engine_of(rank: int) -> tuple[Engine, list[str]]:
    """An engine of two processes, and the order of its calls."""
    calls: list[str] = []

    accelerator: Any = SimpleNamespace(
        is_main_process=rank == 0,
        device=torch.device("cpu"),
        num_processes=2,
        process_index=rank,
        wait_for_everyone=lambda: calls.append("wait"),
    )
    return Engine(accelerator), calls


@pytest.mark.parametrize(("rank", "expected"), [(0, ["write", "wait"]), (1, ["wait"])])
def test_only_the_main_process_writes_and_all_wait(rank: int, expected: list[str]) -> None:
    engine, calls = engine_of(rank)
    engine.on_main(lambda: calls.append("write"))
    assert calls == expected


def test_nothing_is_exchanged_while_the_others_wait() -> None:
    engine, calls = engine_of(0)
    with pytest.raises(RuntimeError, match="alone"):
        engine.on_main(lambda: engine.sum([1.0]))
    with pytest.raises(RuntimeError, match="alone"):
        engine.on_main(engine.wait)
    engine.wait()
    assert calls == ["wait"]


@pytest.mark.parametrize(("rank", "lines"), [(0, "a line\n"), (1, "")])
def test_only_the_main_process_prints(rank: int, lines: str, capsys: pytest.CaptureFixture[str]) -> None:
    engine, _ = engine_of(rank)
    engine.console(TrackingSection(progress="plain")).line("a line")
    assert capsys.readouterr().out == lines


@pytest.mark.parametrize("rank", [0, 1])
def test_the_block_of_main_first_knows_its_process(rank: int) -> None:
    engine, calls = engine_of(rank)
    engine.from_main = lambda value: calls.append("shared") or value  # type: ignore[method-assign, func-returns-value]
    with engine.main_first() as is_main:
        assert is_main == (rank == 0)
        calls.append("block")
    assert calls == (["block", "shared"] if rank == 0 else ["shared", "block"])


def test_a_failure_of_the_main_process_ends_the_others() -> None:
    engine, calls = engine_of(0)
    engine.from_main = lambda value: calls.append(str(value)) or value  # type: ignore[method-assign, func-returns-value]
    with pytest.raises(ValueError, match="broken"), engine.main_first():
        raise ValueError("broken")
    assert calls == ["1.0"]
    other, _ = engine_of(1)
    other.from_main = lambda value: 1.0  # type: ignore[method-assign]
    with pytest.raises(UserError), other.main_first():
        pytest.fail("the block must not run")


def test_a_sum_is_restored_in_one_process() -> None:
    assert engine_of(0)[0].share_of_sum([2.5, 3]) == [2.5, 3]
    assert engine_of(1)[0].share_of_sum([2.5, 3]) == [0, 0]


def test_one_process_sums_and_shares_its_own_figures() -> None:
    engine = make_engine(ComputeSection(device="cpu"))
    assert (engine.is_main, engine.processes, engine.rank, engine.device.type) == (True, 1, 0, "cpu")
    assert engine.sum([1.5, 2]) == [1.5, 2]
    assert engine.from_main(0.25) == 0.25


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"device": "cuda"}, "CUDA"), ({"device": "mps"}, "mps"), ({"device": "cpu", "precision": "fp16"}, "fp16")],
)
def test_what_the_machine_does_not_have_is_refused(
    settings: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match=words):
        make_engine(ComputeSection(**settings))


def _as_another_run() -> None:
    Accelerator(cpu=True, mixed_precision="bf16")  # as a run in fp16 on a GPU leaves behind


def _as_a_start_that_failed() -> None:
    PartialState(cpu=True)
    AcceleratorState._shared_state.update(PartialState._shared_state)  # the precision was not reached


@pytest.mark.parametrize("before", [_as_another_run, _as_a_start_that_failed, lambda: PartialState(cpu=False)])
def test_a_second_run_in_one_process_may_have_another_precision_or_device(before: Callable[[], object]) -> None:
    AcceleratorState._reset_state(reset_partial_state=True)
    before()
    engine = make_engine(ComputeSection(device="cpu"))
    assert engine.device.type == "cpu"
    assert engine.scaler is None
    assert PartialState().device.type == "cpu"
    assert make_engine(ComputeSection(device="cpu")).device.type == "cpu"


@pytest.mark.parametrize(
    ("environ", "words"),
    [({}, "RANK"), ({"RANK": "1"}, "MASTER_ADDR")],
)
def test_an_incomplete_launcher_is_refused(
    environ: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ({"WORLD_SIZE": "2"} | environ).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=words):
        make_engine(ComputeSection(device="cpu"))


def test_processes_that_would_each_train_alone_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)  # one that accelerate does not connect
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(UserError, match="WORLD_SIZE=2"):
        make_engine(ComputeSection(device="auto"))


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match="no GPU"):
        make_engine(ComputeSection(device="auto"))


def test_only_a_fault_of_the_network_is_the_loss_of_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(join, "NEWS", 0.0)
    with pytest.raises(LostRankError), lost_process_named():
        raise RuntimeError("[gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:1")
    with pytest.raises(RuntimeError, match="shapes"), lost_process_named():
        raise RuntimeError("shapes do not match")
