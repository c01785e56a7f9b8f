"""Cores by affinity and quota, and what other processes use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit import processors
from sketchfit.processors import OtherLoad, cores, cpu_quota, crowded, own_cores, recent_load


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


@pytest.fixture
def groups(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        (tmp_path / "groups").write_text(text)
        return tmp_path / "groups"

    return write


def test_without_control_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path / "none", tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("200000 100000", 2.0), ("150000 100000\n", 1.5), ("max 100000", None), ("", None), ("0 0", None), ("x y", None)],
)
def test_a_container_of_version_2_has_one_file(
    tmp_path: Path, groups: Callable[[str], Path], text: str, expected: float | None
) -> None:
    group(tmp_path / "v2", cpu__max=text)
    assert cpu_quota(tmp_path / "v2", groups("0::/\n")) == expected


def test_the_smallest_limit_of_all_groups_above_counts(tmp_path: Path, groups: Callable[[str], Path]) -> None:
    group(tmp_path / "v2/a", cpu__max="300000 100000")
    group(tmp_path / "v2/a/b", cpu__max="max 100000")
    group(tmp_path / "v2/a/b/c", cpu__max="800000 100000")
    group(tmp_path / "v2/other", cpu__max="100000 100000")
    assert cpu_quota(tmp_path / "v2", groups("0::/a/b/c\n")) == 3
    assert cpu_quota(tmp_path / "v2", groups("0::/../outside\n")) is None


@pytest.mark.parametrize("controllers", ["cpu", "cpu,cpuacct"])
def test_version_1_has_a_folder_per_controller(tmp_path: Path, groups: Callable[[str], Path], controllers: str) -> None:
    group(tmp_path / "v1" / controllers / "docker", cpu__cfs_quota_us="50000", cpu__cfs_period_us="100000")
    group(tmp_path / "v1" / controllers, cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    text = f"4:memory:/docker\n2:{controllers}:/docker\n9:name=systemd:/x\n"
    assert cpu_quota(tmp_path / "v1", groups(text)) == 0.5
    assert cpu_quota(tmp_path / "v1", groups("4:memory:/docker\n")) is None


@pytest.mark.parametrize(("quota", "expected"), [(None, 4), (2.0, 2), (1.5, 2), (0.1, 1), (99.0, 4)])
def test_cores_are_those_of_affinity_and_quota(
    quota: float | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors, "own_cores", lambda: (0, 1, 2, 3))
    monkeypatch.setattr(processors, "cpu_quota", lambda: quota)
    assert cores() == expected


def test_own_cores_are_those_of_this_machine() -> None:
    assert 1 <= len(own_cores()) <= (os.cpu_count() or 1)


def test_others_are_what_is_busy_without_this_process() -> None:
    now, times = [10.0], [(100.0, 30.0)]
    load = OtherLoad(lambda: times[0], lambda: now[0])
    assert load.cores() is None  # no time has passed
    now[0], times[0] = 14.0, (108.0, 33.0)
    assert load.cores() == pytest.approx((8 - 3) / 4)
    times[0] = (102.0, 33.0)  # clocks of processes and cores tick apart
    assert load.cores() == 0
    assert OtherLoad(lambda: None, lambda: now[0]).cores() is None


@pytest.mark.parametrize("name", ["WORLD_SIZE", "OMPI_COMM_WORLD_SIZE"])
def test_sister_processes_are_no_others(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setenv(name, "2")
    load = OtherLoad(clock=lambda: now[0])
    now[0] = 5.0
    assert load.cores() is None


@pytest.mark.parametrize(("seconds", "same"), [(5.0, True), (3600.0, False)])
def test_a_load_of_long_ago_is_measured_again(seconds: float, same: bool) -> None:
    now = [0.0]
    load = OtherLoad(lambda: (now[0], 0.0), lambda: now[0])
    now[0] = seconds
    assert (recent_load(load) is load) == same


def test_the_load_of_this_machine_is_a_number_of_cores() -> None:
    load = OtherLoad()
    sum(range(100_000))
    found = load.cores()
    assert found is None or found >= 0


@given(
    others=st.floats(0, 64),
    threads=st.integers(1, 64),
    total=st.integers(1, 64),
    more=st.floats(0, 8),
)
def test_more_load_is_never_less_crowded(others: float, threads: int, total: int, more: float) -> None:
    assert crowded(others + more, threads, total) >= crowded(others, threads, total)
    assert crowded(others, threads + 1, total) >= crowded(others, threads, total) or threads >= total
    assert not crowded(None, threads, total)


@pytest.mark.parametrize(
    ("others", "threads", "expected"), [(0.2, 2, False), (0.3, 2, True), (0.9, 1, False), (1.3, 1, True)]
)
def test_two_cores(others: float, threads: int, expected: bool) -> None:
    assert crowded(others, threads, 2) == expected
