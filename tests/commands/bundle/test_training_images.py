"""Balanced samples of rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.commands.bundle.training_images import balanced_rows, training_images, training_rows
from sketchfit.runs.run import Run


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


def test_images_that_cannot_be_read_are_left_out(drawn: Path, plain: Path, tmp_path: Path) -> None:
    shutil.copytree(plain, tmp_path / "place" / "run")
    shutil.copytree(drawn, tmp_path / "place" / "data")
    run = Run.open(tmp_path / "place" / "run")
    assert training_rows(run).tolist() == list(range(len(run.rows.label)))
    found = list(training_images(run, [2, 0]))
    assert [row for row, _ in found] == [2, 0]
    assert all(image.dtype == np.uint8 for _, image in found)
