from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketchfit.config.parse import parse_recipe
from sketchfit.data.folds import Fold
from sketchfit.errors import Problems, UserError
from sketchfit.memory import MemoryState
from sketchfit.stages import array_memory
from sketchfit.stages.array_memory import ArrayMemory, PredictedRows, check_array_memory
from sketchfit.stages.resources import PlannedNetwork


def checked(rows: PredictedRows, total: int, free: int, monkeypatch: pytest.MonkeyPatch) -> ArrayMemory:
    monkeypatch.setattr(array_memory, "memory_state", lambda: MemoryState(total, free))
    problems = Problems()
    found = check_array_memory(rows, problems)
    problems.stop()
    return found


def planned(folder: Path, views: list[str]) -> PlannedNetwork:
    return PlannedNetwork("a", parse_recipe({"inference": {"views": views}}), 5, folder)


def test_all_arrays_of_probabilities_are_counted(tmp_path: Path) -> None:
    rows = np.arange(10)
    folds = [Fold(0, rows[5:], rows[:5]), Fold(1, rows[:5], rows[5:])]
    found = PredictedRows.of(folds, 3, 7, [planned(tmp_path, []), planned(tmp_path, [])])
    assert found.size == 4 * 7 * ((2 + 2) * 10 + (2 * 2 + 2) * 3)


def test_views_of_the_member_with_most_of_them_are_counted(tmp_path: Path) -> None:
    rows = np.arange(10)
    members = [planned(tmp_path, ["hflip"]), planned(tmp_path, ["identity", "hflip", "vflip", "rot90"])]
    found = PredictedRows.of([Fold(0, rows[5:], rows[:5])], 3, 7, members)
    assert found.views == 3
    assert found.size == 4 * 7 * ((2 + 3 + 1) * 5 + (2 + 2) * 3)
    many = replace(found, views=40)
    assert many.in_files == 4 * 7 * ((2 + 41) * 5 + (2 + 41) * 3)
    assert replace(found, views=0).in_files < many.in_files


def test_views_may_need_files_where_probabilities_alone_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = PredictedRows(held_out=1_000_000, tests=0, classes=1000, members=1, folds=5)
    assert not checked(rows, 24 * 10**9, 20 * 10**9, monkeypatch).note
    found = checked(replace(rows, views=4), 26 * 10**9, 20 * 10**9, monkeypatch)
    assert "24.0 GB" in found.note


def test_more_held_out_rows_than_memory_are_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = PredictedRows(held_out=1_000_000, tests=10_000, classes=10_000, members=1, folds=5, claimed=5)
    found = checked(rows, 25 * 10**9, 20 * 10**9, monkeypatch)
    assert found.in_files >= rows.size
    assert found.least == rows.size - 25 * 10**9
    for part in ("1,000,000 held-out rows", "10,000 test rows", "10,000 classes", "122.8 GB", "25.0 GB", "in files"):
        assert part in found.note


def test_more_test_rows_than_the_claim_has_memory_for_are_refused_with_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = PredictedRows(held_out=1_000_000, tests=100_000, classes=10_000, members=1, folds=5, claimed=5)
    with pytest.raises(UserError) as caught:
        checked(rows, 25 * 10**9, 20 * 10**9, monkeypatch)
    for part in ("1,000,000 held-out rows", "100,000 test rows", "148.0 GB", "25.0 GB", "64.0 GB"):
        assert part in caught.value.problems[0]
    assert "folds.holdout" in str(caught.value)
    assert "claim.enabled" in caught.value.hint
    assert checked(replace(rows, claimed=0), 25 * 10**9, 20 * 10**9, monkeypatch).note


def test_arrays_too_small_for_files_are_refused_where_memory_is_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = PredictedRows(held_out=100_000, tests=0, classes=500, members=30, folds=5)  # 200 MB each
    with pytest.raises(UserError, match=r"6\.4 GB are in arrays too small"):
        checked(rows, 6 * 10**9, 5 * 10**9, monkeypatch)
    assert checked(replace(rows, held_out=200_000, members=15), 6 * 10**9, 5 * 10**9, monkeypatch).in_files


def test_memory_that_may_become_free_needs_no_space_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = PredictedRows(held_out=1_000_000, tests=0, classes=1000, members=1, folds=5)  # 12 GB
    found = checked(rows, 13 * 10**9, 11 * 10**9, monkeypatch)
    assert (found.least, found.in_files > 0) == (0, True)


def test_where_files_cannot_be_mapped_more_than_the_machine_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = PredictedRows(held_out=1_000_000, tests=0, classes=10_000, members=1, folds=5)
    monkeypatch.setattr(array_memory, "CAN_MAP", False)
    with pytest.raises(UserError, match=r"120\.0 GB"):
        checked(rows, 25 * 10**9, 20 * 10**9, monkeypatch)
    found = checked(rows, 125 * 10**9, 20 * 10**9, monkeypatch)
    assert found.note
    assert found.in_files == 0


def test_more_than_is_free_is_noted_and_less_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = PredictedRows(held_out=1000, tests=0, classes=1000, members=1, folds=1)
    assert rows.size == 12_000_000
    assert "12 MB" in checked(rows, 13_000_000, 11_000_000, monkeypatch).note
    assert checked(rows, 13_000_000, 12_000_000, monkeypatch) == ArrayMemory()


def test_unknown_memory_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_memory, "memory_state", lambda: None)
    assert check_array_memory(PredictedRows(10**9, 10**9, 10**6, 9, 9), Problems()) == ArrayMemory()
