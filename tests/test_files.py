from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from sketchfit.files import atomic, read_json, write_json, write_text


def test_a_file_appears_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    with atomic(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == path.parent  # else the rename would be a copy
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_an_error_keeps_the_old_file_and_leaves_nothing_beside_it(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def half() -> None:
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _rewrite(path: Path) -> None:
    while True:
        write_text(path, "a" * 200_000)
        write_text(path, "b" * 200_000)


def test_a_kill_leaves_one_of_the_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "a" * 200_000)
    for wait in (0.05, 0.08, 0.13):
        process = multiprocessing.get_context("fork").Process(target=_rewrite, args=(path,))
        process.start()
        time.sleep(wait)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert path.read_text() in ("a" * 200_000, "b" * 200_000)


def test_text_is_written_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    write_text(path, "a\r\nb\nü\n")
    assert path.read_bytes() == "a\r\nb\nü\n".encode()
    write_text(path, "고양이", encoding="cp949")
    assert path.read_bytes().decode("cp949") == "고양이"


def test_json_takes_arrays_and_paths_and_refuses_nan(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"b": np.float32(0.5), "a": np.arange(3), "p": Path("x/y"), "ü": None})
    assert read_json(path) == {"b": 0.5, "a": [0, 1, 2], "p": "x/y", "ü": None}
    assert list(json.loads(path.read_text())) == ["b", "a", "p", "ü"]
    for value in (float("nan"), object()):
        with pytest.raises((ValueError, TypeError)):
            write_json(path, {"x": value})
    assert read_json(path)["b"] == 0.5
