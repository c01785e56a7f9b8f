from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sketchfit.config.load import load_recipe
from sketchfit.errors import Problems, UserError
from sketchfit.stages import disk_space
from sketchfit.stages.array_memory import ArrayMemory
from sketchfit.stages.disk_space import SPARE, DiskSpace, Need, check_disk, check_space
from sketchfit.stages.resources import PlannedNetwork
from sketchfit.training.trial import Trial
from sketchfit.training.trial_caches import CachedValues
from tests.factories import make_table, tiny_recipe


def compared(free: int, needs: list[Need], monkeypatch: pytest.MonkeyPatch) -> DiskSpace:
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda _: type("Usage", (), {"free": free, "total": 10**12})())
    problems = Problems()
    found = check_space(needs, problems)
    problems.stop()
    return found


def test_needs_of_one_file_system_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    needs = [Need(tmp_path, "stores", 3_000_000, 3_000_000), Need(tmp_path / "a", "networks", 4_000_000, 4_000_000)]
    with pytest.raises(UserError) as caught:
        compared(6_999_999, needs, monkeypatch)
    for part in ("7 MB", "stores 3 MB", "networks 4 MB", str(tmp_path)):
        assert part in caught.value.problems[0]
    assert compared(7_000_000, needs, monkeypatch).size == 7_000_000


@pytest.mark.parametrize(("free", "tight"), [(SPARE + 50_000_000, False), (SPARE + 49_999_999, True)])
def test_what_may_not_fit_is_noted(free: int, tight: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = compared(free, [Need(tmp_path, "stores", 10_000_000, 50_000_000)], monkeypatch)
    assert bool(found.notes) is tight
    assert all("50 MB" in note for note in found.notes)


def test_nothing_is_noted_where_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compared(0, [Need(tmp_path, "networks", 0, 0)], monkeypatch) == DiskSpace(0)


def test_caches_that_may_be_passed_over_are_noted_with_their_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = load_recipe(tiny_recipe({"data": {"cache": str(tmp_path), "channels": 1}}))
    table = make_table(train={f"train/{n}.png": n % 2 for n in range(8)}, test=("test/0.png", "test/1.png"))
    network = PlannedNetwork("net", recipe, 1, tmp_path)
    trial = Trial(1, 1, 1, 1, 1, 0.1, 0.1, cached=CachedValues(features=3_000_000, maps=5_000_000))
    plain = replace(trial, cached=CachedValues())
    monkeypatch.setattr(
        disk_space.shutil, "disk_usage", lambda _: type("Usage", (), {"free": SPARE + 10_000_000, "total": 10**12})()
    )
    found, without = (check_disk([network], {"net": one}, table, Problems()) for one in (trial, plain))
    assert found.size == without.size  # a run can do without them
    assert without.notes == ()
    (note,) = found.notes
    assert "features 60 MB" in note  # 10 rows of 3,000,000 values of two bytes
    assert "stages 80 MB" in note  # 8 training rows


def test_measurements_views_and_the_ensemble_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = make_table(train={f"train/{n}.png": n % 2 for n in range(8)}, test=("test/0.png", "test/1.png"))
    found: dict[str, int] = {}
    monkeypatch.setattr(disk_space, "check_space", lambda needs, _: found.update({one.what: one.most for one in needs}))

    def needed(audit: bool, views: list[str]) -> dict[str, int]:
        settings = {"data": {"cache": str(tmp_path)}, "audit": {"enabled": audit}, "inference": {"views": views}}
        network = PlannedNetwork("net", load_recipe(tiny_recipe(settings)), 1, tmp_path)
        found.clear()
        check_disk([network], {"net": Trial(1, 1, 1, 1, 1, 0.1, 0.1)}, table, Problems())
        return dict(found)

    assert needed(True, [])["measurements of the audit"] == disk_space.MEASURED * 10
    assert "measurements of the audit" not in needed(False, [])
    assert needed(True, [])["views and the ensemble"] == 4 * 2 * 10
    assert needed(True, ["hflip"])["views and the ensemble"] == 4 * 2 * 10 + 4 * 2 * (8 + 2)


def test_arrays_in_files_are_refused_only_where_memory_cannot_take_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_table(train={f"train/{n}.png": n % 2 for n in range(8)})
    network = PlannedNetwork("net", load_recipe(tiny_recipe({"data": {"cache": str(tmp_path)}})), 1, tmp_path)
    usage = type("Usage", (), {"free": SPARE + 10**9, "total": 10**12})
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda _: usage)

    def found(arrays: ArrayMemory) -> DiskSpace:
        problems = Problems()
        space = check_disk([network], {}, table, problems, arrays)
        problems.stop()
        return space

    assert found(ArrayMemory()).notes == ()
    (note,) = found(ArrayMemory("", 0, 2 * 10**9)).notes
    assert "arrays that memory has no space for 2.0 GB" in note
    with pytest.raises(UserError, match="memory has no space for"):
        found(ArrayMemory("", 2 * 10**9, 3 * 10**9))
