"""Which GPU each process of a run with a deadline gets, and how many networks that makes at the same time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from sketchfit.stages.planned import at_once, devices
from sketchfit.stages.planned.at_once import networks_at_once, networks_on_device
from sketchfit.stages.planned.devices import VISIBLE, find_gpus, name_gpus, process_variables

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("kinds", "visible", "names"),
    [
        (["T4", "T4"], None, ("0", "1")),
        (["T4", "T4"], "2, 3", ("2", "3")),
        (["T4", "T4"], "MIG-1,MIG-2", ("MIG-1", "MIG-2")),
        (["T4", "T4"], "0,1,-1,2", ("0", "1")),
        (["A100", "T4", "A100"], None, ("0", "2")),
        ([], None, ()),
    ],
)
def test_gpus_of_the_kind_of_the_first_are_used_by_the_names_of_this_process(
    kinds: list[str], visible: str | None, names: tuple[str, ...]
):
    assert name_gpus(kinds, visible) == names


def test_gpus_are_found_where_the_run_is_on_one(monkeypatch: pytest.MonkeyPatch):
    sizes = [16 << 30, 16 << 30, 40 << 30]
    monkeypatch.setattr(devices.torch.cuda, "device_count", lambda: len(sizes))
    monkeypatch.setattr(
        devices.torch.cuda, "get_device_properties", lambda k: SimpleNamespace(name="T4", total_memory=sizes[k])
    )
    assert find_gpus(CUDA, "5,6,7") == ("5", "6")
    assert find_gpus(CPU, "5,6,7") == ()


def test_processes_have_different_gpus_and_equal_shares_of_the_threads():
    first, second = process_variables(2, 5, ("2", "0", "1"))
    assert (first[VISIBLE], second[VISIBLE]) == ("2", "0")
    assert first["OMP_NUM_THREADS"] == second["OMP_NUM_THREADS"] == "2"
    assert VISIBLE not in process_variables(1, 5)[0]
    with pytest.raises(ValueError, match="3 processes"):
        process_variables(3, 4, ("0", "1"))


def _context(device: torch.device, wanted: int | str, processes: int = 1) -> Any:
    engine = SimpleNamespace(device=device, processes=processes)
    return SimpleNamespace(engine=engine, recipe=SimpleNamespace(compute=SimpleNamespace(networks_at_once=wanted)))


@pytest.mark.parametrize(
    ("device", "wanted", "gpus", "expected"),
    [
        (CUDA, "auto", ("0", "1"), 2),
        (CUDA, "auto", tuple("01234567"), 8),
        (CUDA, 1, ("0", "1"), 1),
        (CUDA, 5, ("0", "1"), 2),
        (CUDA, 5, (), 1),
        (torch.device("mps"), "auto", (), 1),
        (CPU, 5, (), 5),
        (CPU, "auto", (), 4),
    ],
)
def test_as_many_networks_as_gpus_are_trained_at_the_same_time(
    device: torch.device, wanted: int | str, gpus: tuple[str, ...], expected: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(at_once, "available_memory", lambda: 100 << 30)
    monkeypatch.setattr(at_once.torch, "get_num_threads", lambda: 16)
    assert networks_at_once(_context(device, wanted), gpus) == expected
    assert networks_at_once(_context(device, wanted, processes=2), gpus) == 1


def test_few_gpus_are_used_where_the_main_memory_is_small(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(at_once, "available_memory", lambda: 7 << 30)
    assert networks_at_once(_context(CUDA, "auto"), tuple("01234567")) == 2


def test_networks_share_a_cpu_and_have_a_gpu_each():
    assert networks_on_device(_context(CPU, "auto"), 4) == 4
    assert networks_on_device(_context(CUDA, "auto"), 4) == 1
