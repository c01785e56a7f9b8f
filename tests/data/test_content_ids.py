from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.data.content_ids import content_ids


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=12), min_size=1, max_size=8))
def test_equal_files_and_only_those_have_equal_numbers(tmp_path_factory, contents):
    root = tmp_path_factory.mktemp("files")
    for number, content in enumerate(contents):
        (root / f"{number}.png").write_bytes(content)
    ids = content_ids(root, [f"{number}.png" for number in range(len(contents))])
    assert ids.dtype == np.uint64
    assert [a == b for a in contents for b in contents] == [a == b for a in ids for b in ids]


def test_missing_files_differ_from_each_other(tmp_path):
    assert len(set(content_ids(tmp_path, ["a.png", "b.png", "ü.png"]))) == 3
