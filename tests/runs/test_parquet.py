"""Tables of a run: each changed byte is seen, or changes nothing that is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sketchfit.errors import UserError
from sketchfit.runs.parquet import read_parquet, write_parquet

FRAME = pd.DataFrame(
    {
        "row": np.arange(5),
        "path": ["a.png", "ü.png", "c", "d", None],
        "value": [0.5, np.nan, -1.0, np.inf, 3.0],
        "flag": [True, False, True, True, False],
    }
)


def test_a_table_comes_back(tmp_path: Path) -> None:
    write_parquet(tmp_path / "t.parquet", FRAME)
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "t.parquet"), FRAME)
    assert [one.name for one in tmp_path.iterdir()] == ["t.parquet"]


def test_every_changed_byte_is_seen_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_parquet(path, FRAME)
    raw, seen = path.read_bytes(), 0
    for place in range(0, len(raw), 3):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 0x10]) + raw[place + 1 :])
        try:
            found = read_parquet(path)
        except UserError as error:
            seen += str(path) in error.problems[0]
        else:
            pd.testing.assert_frame_equal(found, FRAME)
    assert seen > 0.2 * len(raw) / 3


def test_a_table_of_an_older_version_is_read(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "t.parquet", index=False)
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "t.parquet"), FRAME)


@pytest.mark.parametrize("left", [0, 10, -4])
def test_a_table_that_was_cut_is_named(tmp_path: Path, left: int) -> None:
    path = tmp_path / "t.parquet"
    write_parquet(path, FRAME)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(UserError, match=path.name):
        read_parquet(path)
    with pytest.raises(UserError, match="missing"):
        read_parquet(tmp_path / "other.parquet")


@pytest.mark.parametrize("values", [pd.Categorical(["a", "b"]), [[1], [2, 3]]])
def test_a_type_that_parquet_may_change_is_not_written(tmp_path: Path, values: object) -> None:
    with pytest.raises(TypeError, match="checksum"):
        write_parquet(tmp_path / "t.parquet", pd.DataFrame({"value": values}))
    assert list(tmp_path.iterdir()) == []
