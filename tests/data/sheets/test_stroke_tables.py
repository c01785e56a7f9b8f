"""Quick, Draw!: one drawing per line, as a table and as images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sketchfit.data.containers import exists
from sketchfit.data.image_sources import read_images
from sketchfit.data.images import decode
from sketchfit.data.readers import read_table
from sketchfit.data.store import open_store
from sketchfit.data.store_settings import StoreSettings
from sketchfit.errors import UserError


def line(word: str | None, number: int) -> str:
    strokes = [[[0, 10 * number, 200], [0, 255, 40]], [[50, 50], [10, 20 + number]]]
    named = {} if word is None else {"word": word, "countrycode": "KR", "recognized": number % 2 == 0}
    return json.dumps({**named, "key_id": str(number), "drawing": strokes})


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def of_words(folder: Path, count: int) -> None:
    for word in ("cat", "사과", "angel face"):
        write(folder / f"{word}.ndjson", [line(word, number) for number in range(count)])


def test_one_file_per_word(tmp_path: Path) -> None:
    of_words(tmp_path, 4)
    table = read_table(tmp_path)
    assert table.class_names == ("angel face", "cat", "사과")
    assert table.train.paths[:2] == ("angel face.ndjson#1", "angel face.ndjson#2")
    assert np.bincount(table.label).tolist() == [4, 4, 4]
    assert set(table.columns) == {"countrycode", "recognized", "key_id"}
    assert table.unused == ()
    assert exists(tmp_path / "cat.ndjson#4")
    assert not exists(tmp_path / "cat.ndjson#5")
    assert not exists(tmp_path / "cat.ndjson#0")


def test_folders_of_splits(tmp_path: Path) -> None:
    of_words(tmp_path / "train", 3)
    write(tmp_path / "test" / "unknown.ndjson", [line(None, number) for number in range(5)])
    table = read_table(tmp_path)
    assert len(table.train) == 9
    assert table.test.paths == tuple(f"test/unknown.ndjson#{number}" for number in range(1, 6))
    store = open_store(tmp_path, [*table.train.paths, "test/unknown.ndjson#9"], StoreSettings(16), tmp_path / "cache")
    assert store.errors == ("",) * 9 + ("file does not exist",)
    assert len(np.unique(store.images[:9].reshape(9, -1), axis=0)) == 3  # the words have the same strokes


def test_all_words_in_one_file_with_blank_lines(tmp_path: Path) -> None:
    lines = [line(word, number) for number in range(3) for word in ("cat", "bus")]
    write(tmp_path / "train.ndjson", [lines[0], "", *lines[1:]])
    write(tmp_path / "test.ndjson", [line(None, 7)])
    table = read_table(tmp_path)
    assert table.train.paths[:2] == ("train.ndjson#1", "train.ndjson#3")
    assert table.label.tolist() == [1, 0, 1, 0, 1, 0]
    assert len(table.test) == 1
    alone = read_table(tmp_path / "train.ndjson")
    assert alone.train.names == table.train.names


def test_raw_strokes_with_times_are_drawn_like_simplified_ones() -> None:
    simplified = {"drawing": [[[0, 255], [0, 100]]]}
    raw = {"drawing": [[[100.5, 610.5], [7.0, 207.0], [0, 31]]]}
    first, second = (decode(json.dumps(one).encode()) for one in (simplified, raw))
    np.testing.assert_array_equal(first, second)


def test_lines_that_are_no_drawings_are_named(tmp_path: Path) -> None:
    write(tmp_path / "train.ndjson", [line("cat", 1), "{", line("bus", 2), "[1]"])
    with pytest.raises(UserError, match=r"\(2 lines\): line 2 of train.ndjson, line 4"):
        read_table(tmp_path)


def test_a_file_of_other_json_lines_is_a_table(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(b"")
    write(tmp_path / "train.ndjson", [json.dumps({"file_name": f"{n}.png", "label": "ab"[n % 2]}) for n in range(4)])
    assert read_table(tmp_path).train.paths == ("0.png", "1.png", "2.png", "3.png")


def test_drawings_to_predict(tmp_path: Path) -> None:
    of_words(tmp_path, 2)
    named = read_images([tmp_path / "cat.ndjson", tmp_path])
    assert named.split.names[0] == f"{tmp_path}/cat.ndjson#1"
    assert named.split.names[2] == "angel face.ndjson#1"
    assert len(named.split) == 8
    assert all(exists(named.root / path) for path in named.split.paths)
