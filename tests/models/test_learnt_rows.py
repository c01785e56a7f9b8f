from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.models.learnt_rows import KEY, from_metadata, to_metadata, union


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_rows_survive_the_metadata(rows):
    found = from_metadata(to_metadata(np.array(rows, dtype=np.uint64)))
    assert found.tolist() == sorted(set(rows))


def test_metadata_without_rows_or_of_something_else_names_none():
    for metadata in ({}, {KEY: "not base64!"}, {KEY: "AAA"}, {KEY: "AAAA"}):
        assert from_metadata(metadata) is None


def test_union_of_known_and_unknown_rows():
    parts = [None, np.array([3, 1], np.uint64), np.array([1, 2], np.uint64)]
    assert union(parts).tolist() == [1, 2, 3]
    assert union([]).tolist() == []
