from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.errors import UserError
from sketchfit.runs.inputs import InputRows, read_inputs, write_inputs

ROW = st.tuples(st.sampled_from(["a.png", "b.png", "ü/c.png"]), st.sampled_from(["1", "2"]), st.integers(0, 2**64 - 1))


def rows(*cells: tuple[str, str, int]) -> InputRows:
    paths, labels, content = zip(*cells, strict=True) if cells else ((), (), ())
    return InputRows(tuple(paths), tuple(labels), np.array(content, dtype=np.uint64))


BEFORE = rows(("a.png", "1", 10), ("b.png", "2", 20), ("c.png", "1", 30))


@pytest.mark.parametrize(
    ("after", "changes"),
    [
        (BEFORE, []),
        (rows(("a.png", "1", 11), ("b.png", "2", 20), ("c.png", "1", 30)), ["a.png: other content"]),
        (rows(("a.png", "2", 10), ("b.png", "2", 20), ("c.png", "1", 30)), ["a.png: other label or group"]),
        (rows(("a.png", "1", 10), ("c.png", "1", 30)), ["b.png: no longer there"]),
        (rows(*zip("abcd", "1211", (10, 20, 30, 40), strict=True)), None),
        (rows(("b.png", "2", 20), ("a.png", "1", 10), ("c.png", "1", 30)), ["the order of the rows has changed"]),
    ],
)
def test_each_kind_of_change_is_named(after, changes):
    found = BEFORE.changes(after)
    assert found == changes if changes is not None else "a: new" in found


@given(st.lists(ROW, max_size=4), st.lists(ROW, max_size=4))
def test_there_are_changes_exactly_where_rows_differ(before, after):
    assert bool(rows(*before).changes(rows(*after))) == (before != after)


@given(st.lists(ROW, max_size=4), st.lists(ROW, max_size=4))
def test_what_is_written_is_read(tmp_path_factory, train, test):
    path = tmp_path_factory.mktemp("inputs") / "inputs.parquet"
    write_inputs(path, rows(*train), rows(*test))
    assert read_inputs(path) == (rows(*train), rows(*test))


def test_a_missing_file_is_none_and_a_damaged_one_is_named(tmp_path: Path):
    assert read_inputs(tmp_path / "inputs.parquet") is None
    (tmp_path / "inputs.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"inputs\.parquet"):
        read_inputs(tmp_path / "inputs.parquet")
