"""True labels are matched to the test rows by a key in any form; by position only where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sketchfit.data.sheets import open_sheet
from sketchfit.data.truth import Truth, read_truth
from sketchfit.errors import UserError
from sketchfit.runs.table import RunTable

TABLE = RunTable(Path(), Path(), "", ("ant", "bee", "cat"), ("1", "2", "10"), ("t/b1.png", "t/b2.png", "t/b10.png"))


def read(tmp_path: Path, text: str) -> Truth:
    (tmp_path / "truth.csv").write_text(text)
    return read_truth(open_sheet(tmp_path / "truth.csv"), TABLE, 3, lambda: {"code": ["x7", "x3", "x5"]})


@pytest.mark.parametrize(
    "text",
    [
        "image_path,target\nt/b10.png,1\nt/b1.png,10\nt/b2.png,2\n",
        "target,image_path\n1,b10.png\n10,b1.png\n2,b2.png\n",
        "id,label\nb10,1\nb1,10\nb2,2\n",
        "Id,Usage,Label\nB10.PNG,Public,1\nB1.PNG,Private,10\nB2.PNG,Public,2\n",
        "ID,target\n2,1\n0,10\n1,2\n",
        "ID,target\n3,1\n1,10\n2,2\n",
        "key,target\nx5,1\nx7,10\nx3,2\n",
        "id,class_name\nb10,ant\nb1,cat\nb2,bee\n",
        "id,target\nb10,1.0\nb1,10.0\nb2,2.0\n",
        "id,what\nb10,ANT\nb1,CAT\nb2,BEE\n",
        ",target\n2,1\n0,10\n1,2\n",
        "image_path,prediction,true\nt/b10.png,10,1\nt/b1.png,10,10\nt/b2.png,10,2\n",
        "image_path,target,class_name\nt/b10.png,0,ant\nt/b1.png,2,cat\nt/b2.png,1,bee\n",
        "image_path,target\nt/b10.png,1\nt/c.png,1\nt/b1.png,10\nt/b2.png,2\n",
    ],
)
def test_rows_are_matched_by_their_key_in_any_order(text: str, tmp_path: Path) -> None:
    found = read(tmp_path, text)
    assert found.label.tolist() == [2, 1, 0]
    assert not any("position" in note for note in found.notes)
    assert bool(found.notes) == any(part in text for part in ("10.0", "ANT", "c.png"))


@pytest.mark.parametrize("text", ["target\n10\n2\n1\n", "target,Usage\n10,x\n2,x\n1,y\n"])
def test_without_a_key_rows_are_matched_by_position_with_a_note(text: str, tmp_path: Path) -> None:
    found = read(tmp_path, text)
    assert found.label.tolist() == [2, 1, 0]
    assert "position" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image_path,target\nt/b1.png,1\nt/b2.png,1\n", "'t/b10.png'"),
        ("image_path,target\nt/b1.png,1\nt/b2.png,1\nt/b10.png,1\nt/b2.png,2\n", "line 5 't/b2.png'"),
        ("image_path,target\nx,1\ny,1\nz,1\n", "'image_path'"),
        ("id,target\n107,1\n108,1\n109,1\n", "'107'"),
        ("target\n1\n2\n", "3"),
        ("id,target\nb1,1\nb2,1\nb10,7\n", "'7'"),
        ("id,target,prediction\nb1,1,1\nb2,1,1\nb10,7,1\n", "'7'"),
        ("id,what\nb1,x\nb2,y\nb10,z\n", "'what'"),
    ],
)
def test_what_does_not_fit_is_named(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, text)
    assert words in caught.value.problems[0]
    assert "truth.csv" in caught.value.problems[0]


def test_a_column_of_the_users_tables_is_no_name_of_an_image(tmp_path: Path) -> None:
    table = replace(TABLE, test_names=("2.png", "0.png", "1.png"))
    (tmp_path / "truth.csv").write_text("ID,target\n0,1\n1,2\n2,10\n")
    sheet = open_sheet(tmp_path / "truth.csv")
    assert read_truth(sheet, table, 3, lambda: {"id": ["0", "1", "2"]}).label.tolist() == [0, 1, 2]
    assert read_truth(sheet, table, 3, dict).label.tolist() == [2, 0, 1]
    (tmp_path / "truth.csv").write_text("image,id,target\n0,2,1\n1,0,2\n2,1,10\n")
    sheet = open_sheet(tmp_path / "truth.csv")
    assert read_truth(sheet, table, 3, lambda: {"id": ["0", "1", "2"]}).label.tolist() == [2, 0, 1]
