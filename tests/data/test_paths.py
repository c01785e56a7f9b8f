"""Cells of a table to files on disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from sketchfit.data.path_text import PathError, path_text
from sketchfit.data.readers import read_table
from sketchfit.data.table import Table
from sketchfit.errors import UserError
from tests.data import malformed


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return malformed.good_data(tmp_path / "data")


def rewritten(data: Path, change: object, table: str = "train.csv") -> Table:
    frame = pd.read_csv(data / table)
    frame["image_path"] = frame["image_path"].map(change)
    frame.to_csv(data / table, index=False)
    return read_table(data)


def test_absolute_paths_inside_the_data_folder(data: Path) -> None:
    plain = read_table(data)
    table = rewritten(data, lambda name: f"{data}/train/{name}")
    assert table.train.paths == plain.train.paths
    assert table.train.names[0] == f"{data}/train/apple/sketch_0.JPEG"
    assert table.notes == ()


def test_absolute_paths_through_a_link_to_the_data_folder(data: Path) -> None:
    (data.parent / "link").symlink_to(data)
    rewritten(data, lambda name: f"{data}/train/{name}")
    assert read_table(data.parent / "link").train.paths[0] == "train/apple/sketch_0.JPEG"


@pytest.mark.parametrize("place", ["/kaggle/input/sketches", "C:\\Users\\me\\sketches", "/x", "data", "my/sketches"])
@pytest.mark.parametrize("folder", ["/train/", "/"])
def test_paths_from_another_folder(place: str, folder: str, data: Path) -> None:
    plain = read_table(data)
    table = rewritten(data, lambda name: f"{place}{folder}{name}")
    assert table.train.paths == plain.train.paths
    assert place.replace("\\", "/") in table.notes[0]


def test_absolute_paths_elsewhere_are_refused(data: Path) -> None:
    with pytest.raises(UserError, match=r"absolute path outside the data folder .*line 2 '/etc/passwd'"):
        rewritten(data, lambda name: "/etc/passwd" if name.endswith("apple/sketch_0.JPEG") else f"{data}/train/{name}")


@pytest.mark.parametrize("form", ["../images/{}", "./x/../../images/{}", "..\\images\\{}"])
def test_paths_that_go_up_and_stay_inside(form: str, data: Path) -> None:
    shutil.move(data / "train", data / "images")
    (data / "train").mkdir()
    (data / "train" / "notes.txt").write_text("x")
    table = rewritten(data, form.format)
    assert table.train.paths[0] == "images/apple/sketch_0.JPEG"
    assert len(table.train) == 12


def test_missing_files_are_where_they_should_be(data: Path) -> None:
    (data / "test").rename(data / "Test")
    (data / "Test/2.JPEG").unlink()
    assert read_table(data).test.paths[2] == "Test/2.JPEG"


def test_path_text() -> None:
    root = Path("/data/root")
    assert path_text(" a\\b.png ", root).text == "a/b.png"
    assert path_text("/data/root/a.png", root).below("train") == "a.png"
    for wrong in ("/data/rooted/a.png", "/data/root/../a.png", "c:/a.png", "", "a\0b"):
        with pytest.raises(PathError):
            path_text(wrong, root).below("")
    with pytest.raises(PathError, match="leaves"):
        path_text("../../a.png", root).below("train")
    assert path_text("../a.png", root).below("train") == "a.png"


def test_many_paths_with_several_meanings_are_one_problem(data: Path) -> None:
    for image in sorted((data / "train" / "apple").iterdir()):
        shutil.copy(image, image.with_suffix(".png"))
    with pytest.raises(UserError) as caught:
        rewritten(data, lambda name: name.removesuffix(".JPEG"))
    assert len([problem for problem in caught.value.problems if "may mean" in problem]) == 1
    assert "'apple/sketch_3' may mean sketch_3.JPEG or sketch_3.png" in caught.value.problems[0]


def test_a_missing_split_is_not_looked_up_in_another(data: Path) -> None:
    shutil.rmtree(data / "test")
    (data / "sample_submission.csv").unlink()
    pd.DataFrame({"image_path": ["test/apple/sketch_0.JPEG", "test/apple/sketch_1.JPEG"]}).to_csv(
        data / "test.csv", index=False
    )
    with pytest.raises(UserError, match=r"test\.csv: no file"):
        read_table(data)
