from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.data.image_sources import read_images
from sketchfit.errors import UserError
from tests.data import malformed


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return malformed.good_data(tmp_path / "data")


def test_images_to_predict(data: Path) -> None:
    named = read_images([data / "test"])
    root, split = named.root, named.split
    assert root / split.paths[0] == data / "test/0.JPEG"
    assert split.names == ("0.JPEG", "1.JPEG", "2.JPEG", "3.JPEG", "4.JPEG")
    (data / "test/3.JPEG").unlink()
    named = read_images([data / "train/cat/sketch_1.JPEG", data / "test.csv", data / "train/bus"])
    root, split = named.root, named.split
    assert "3.JPEG" in named.notes[0]
    assert [root / path for path in split.paths] == [
        data / "train/cat/sketch_1.JPEG",
        *(data / f"test/{k}.JPEG" for k in range(5)),  # the missing one keeps its place
        *(data / f"train/bus/sketch_{k}.JPEG" for k in range(4)),
    ]
    assert split.names[1] == "0.JPEG"
    (data / "empty").mkdir()
    with pytest.raises(UserError) as caught:
        read_images([data / "empty", data / "absent.png"])
    assert len(caught.value.problems) == 2


def test_a_table_without_content(data: Path) -> None:
    (data / "log.csv").write_text('""\n')  # as pandas writes a frame without columns
    with pytest.raises(UserError) as caught:
        read_images([data / "log.csv"])
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["log.csv is empty"]
