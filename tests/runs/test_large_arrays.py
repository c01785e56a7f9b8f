"""Large arrays of probabilities are in files where memory is short, with the same values."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.disk import DiskError
from sketchfit.inference import blocks, calibration, view_selection
from sketchfit.inference.ensembling import nested, rule
from sketchfit.inference.ensembling.methods import equal
from sketchfit.inference.ensembling.methods.best_member import fit_best_member
from sketchfit.inference.ensembling.rule import Rule
from sketchfit.inference.prior_correction import reweighted
from sketchfit.inference.unreadable import with_prior
from sketchfit.inference.votes import combine_folds
from sketchfit.runs import arrays, large_arrays, probabilities
from sketchfit.runs.large_arrays import empty_array, large_arrays_in
from sketchfit.runs.probabilities import Probabilities, mean_by_row, read_probabilities, write_probabilities
from tests.factories import Cli

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there a mapped file cannot be deleted")


@pytest.fixture
def scarce(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly no memory is free, every array is large, and three rows are a part."""
    monkeypatch.setattr(large_arrays, "SPACIOUS", 0)
    monkeypatch.setattr(large_arrays, "available_memory", lambda: 1)
    monkeypatch.setattr(arrays, "LARGE", 0)
    monkeypatch.setattr(probabilities, "_MOST_VALUES", 8)
    for module in (blocks, calibration, nested, rule, view_selection):
        monkeypatch.setattr(module, "row_blocks", in_threes)


def in_threes(rows: int, columns: int) -> Iterator[slice]:
    """Return parts of at most three rows."""
    del columns
    return (slice(start, min(start + 3, rows)) for start in range(0, rows, 3))


def is_in_a_file(array: np.ndarray[Any, Any]) -> bool:
    while array is not None and not isinstance(array, np.memmap):
        array = array.base  # type: ignore[assignment]
    return array is not None


def random(rows: int, seed: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).dirichlet(np.ones(3), rows).astype(np.float32)


def computed(folder: Path) -> dict[str, np.ndarray[Any, Any]]:
    """What stages compute of probabilities."""
    first, second, rows = random(20, 0), random(20, 1), np.arange(20)
    label, fold = rows % 3, rows % 4
    choice = nested.fit_choice({"mean": equal.equal("mean")(EnsembleSection(), 0), "best": fit_best_member}, fold)
    halves = [Probabilities(rows[::2], first[::2]), Probabilities(rows[1::2], first[1::2])]
    write_probabilities(folder / "oof.npz", rows, first)
    return {
        "once": mean_by_row(halves).prob,
        "repeats": mean_by_row([*halves, Probabilities(rows[5:], second[5:])]).prob,
        "read": read_probabilities(folder / "oof.npz").prob,
        "some": Probabilities(rows, first).at(np.array([7, 3, 19])),
        "rule": Rule(np.array([0.3, 0.7])).predict([first, second]),
        "soft": combine_folds([first, second], "soft"),
        "hard": combine_folds([first, second], "hard", [1.0, 2.0]),
        "prior": with_prior(first[:15], rows < 15, np.full(3, 1 / 3, np.float32)),
        "calibrated": calibration.cross_fit("vector", first, label, fold),
        "compared": nested.nested(choice, [first, second], label, fold),
        "views": view_selection.cross_fit({"identity": first, "hflip": second}, label, fold),
        "corrected": reweighted(first, np.array([0.5, 0.0, 2.0])),
        "taken": blocks.take_rows(first, rows[::-1]),
    }


def test_files_have_the_same_values(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    in_memory = computed(tmp_path)
    assert not any(map(is_in_a_file, in_memory.values()))
    request.getfixturevalue("scarce")
    with large_arrays_in(tmp_path / "scratch"):
        in_files = computed(tmp_path)
    for name, array in in_files.items():
        assert is_in_a_file(array), name
        assert array.dtype == in_memory[name].dtype
        np.testing.assert_array_equal(array, in_memory[name])
    assert list((tmp_path / "scratch").iterdir()) == []  # they have no name


def test_problems_are_found_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    prob = random(20, 0)
    prob[4, 1], prob[17] = np.nan, [-0.5, 1.0, 0.5]
    prob[9] *= 2
    found = Probabilities(np.arange(20), prob)
    at_once = found.problems()
    monkeypatch.setattr(probabilities, "_MOST_VALUES", 8)
    assert found.problems() == at_once
    assert [text.rpartition(" ")[2] for text in at_once] == ["4", "17", "9"]
    assert np.flatnonzero(~found.finite()).tolist() == [4]


def test_without_a_folder_or_with_enough_memory_arrays_are_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_arrays, "SPACIOUS", 100)
    monkeypatch.setattr(large_arrays, "available_memory", lambda: 8 * 400)
    assert not is_in_a_file(empty_array((101,), np.float32))
    with large_arrays_in(tmp_path):
        assert not is_in_a_file(empty_array((20,), np.float32))
        assert not is_in_a_file(empty_array((100,), np.float32))
        assert is_in_a_file(empty_array((101,), np.float32))


def test_what_fits_nowhere_is_an_error_of_the_disk(
    tmp_path: Path, scarce: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DiskError(28, tmp_path, 400)

    monkeypatch.setattr(large_arrays, "nameless", full)
    with pytest.raises(DiskError):
        empty_array((100,), np.float32, tmp_path)
    monkeypatch.setattr(large_arrays, "available_memory", lambda: 400)
    assert not is_in_a_file(empty_array((100,), np.float32, tmp_path))


def test_a_folder_that_may_not_be_written_leaves_arrays_in_memory(
    tmp_path: Path, scarce: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(large_arrays, "nameless", refuse)
    assert not is_in_a_file(empty_array((100,), np.float32, tmp_path))


@pytest.mark.slow
def test_a_run_with_little_memory_has_the_same_bits(
    plain: Path, drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path, scarce: None
) -> None:
    status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", tmp_path / "run")
    assert status == 0, errors
    names = [path.relative_to(plain) for path in plain.rglob("*.npz")] + [Path("submission.csv")]
    assert len(names) > 4
    for name in names:
        assert (tmp_path / "run" / name).read_bytes() == (plain / name).read_bytes(), name
