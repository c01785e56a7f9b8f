"""Balanced samples of rows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.commands.bundle.training_images import TrainingDrawings, balanced_rows
from sketchfit.runs.run import Run
from tests.factories import Cli


@given(
    label=st.lists(st.integers(0, 4), min_size=1, max_size=40).map(np.array),
    count=st.integers(0, 50),
    data=st.data(),
)
def test_classes_are_balanced(label: np.ndarray, count: int, data: st.DataObject) -> None:
    """No class has two rows fewer than another one, unless it has no more."""
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, len(label) - 1)))), dtype=np.int64)
    found = balanced_rows(label, rows, count)
    assert len(found) == min(count, len(rows))
    assert np.isin(found, rows).all()
    assert (np.diff(found) > 0).all()
    np.testing.assert_array_equal(found, balanced_rows(label, rows, count))
    taken, there = (np.bincount(label[one], minlength=5) for one in (found, rows))
    short = taken < there
    if short.any():
        assert taken.max() <= taken[short].min() + 1


def test_images_that_cannot_be_read_are_left_out(plain: Path, drawn: Path, tmp_path: Path) -> None:
    shutil.copytree(drawn, tmp_path / "data")
    found = replace(TrainingDrawings.of(Run.open(plain)), root=tmp_path / "data")
    (found.root / found.paths[2]).unlink()
    assert [row for row, _ in found.images(np.array([4, 2, 0]))] == [4, 0]


def test_drawings_of_a_fit_are_those_of_its_tables(drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path) -> None:
    """They are left out where the table has changed since."""
    shutil.copytree(drawn, tmp_path / "data")
    status, _, errors = cli("fit", tmp_path / "data", "--recipe", tiny_file, "--out", tmp_path / "fit")
    assert status == 0, errors
    found = TrainingDrawings.of(Run.open(tmp_path / "fit"))
    assert len(found) == 32
    assert np.bincount(found.label).tolist() == [8] * 4
    assert len(list(found.images(found.sample(4)))) == 4
    table = tmp_path / "data" / "train.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    assert len(TrainingDrawings.of(Run.open(tmp_path / "fit"))) == 0
    shutil.rmtree(tmp_path / "data")
    assert len(TrainingDrawings.of(Run.open(tmp_path / "fit"))) == 0
