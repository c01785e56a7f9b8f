"""Columns of images, labels and splits are found by name, else by their cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.checks import TableProblems
from sketchfit.data.columns import LabelColumns, Places, image_candidates, image_column, label_columns, one_hot_labels
from sketchfit.data.listing import Listing
from sketchfit.data.missing_images import report_no_image_column
from sketchfit.data.read_settings import TableNames
from sketchfit.data.scattered import FileNames
from sketchfit.data.sheets import Sheet
from sketchfit.data.split_column import find_split_column


def sheet(**columns: Sequence[object]) -> Sheet:
    rows = tuple(zip(*([str(cell) for cell in cells] for cells in columns.values()), strict=True))
    return Sheet("t.csv", tuple(columns), rows, tuple(range(2, 2 + len(rows))), "line")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    for name in ("a.png", "b.png", "c.png", "d.png"):
        (tmp_path / "x" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "x" / name).write_bytes(b"")
    listing = Listing(tmp_path)
    return Places(listing, ("train", ""), FileNames(listing))


def test_the_column_of_images(places: Places) -> None:
    table = sheet(key=["a", "b", "c", "d"], picture=["x/a.png", "x/b.png", "x/c.png", "gone.png"], n=[1, 2, 1, 2])
    assert image_column(table, None, places) == "key"  # names all four by file name; the other column three
    assert image_column(table, "picture", places) == "picture"
    assert image_column(table, "pictures", places) is None
    assert image_column(table, None, places, preferred="picture") == "picture"
    assert image_column(sheet(one=["x/a", "x/b"], other=["x/c", "x/d"]), None, places) is None  # which of them?
    assert image_column(sheet(key=["x/a", "x/b"], other=["x/a.png", "x/b.png"]), None, places) == "key"
    assert image_column(sheet(key=["e", "f"]), None, places) is None


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"Unnamed: 0": range(4), "id": [2, 0, 3, 1]}, ["id"]),
        ({"index": range(1, 5), "code": [2, 4, 3, 1]}, ["code"]),
        ({"Unnamed: 0": range(4), "id": [9, 0, 3, 1]}, ["id"]),  # although it names fewer files
        ({"order": [1, 0, 2, 3], "file_id": [2, 0, 3, 1]}, ["file_id"]),
        ({"index": range(4), "image": [2, 0, 3, 1], "path": [2, 0, 3, 1]}, ["image"]),
        ({"Unnamed: 0": range(4), "id": range(4)}, ["Unnamed: 0"]),  # the same files
        ({"a": [1, 0, 2, 3], "b": [2, 0, 3, 1]}, ["a", "b"]),
        ({"a_id": [1, 0, 2, 3], "b": [3, 2, 1, 0], "b_id": [2, 0, 3, 1]}, ["a_id", "b_id"]),
        ({"n": range(4), "m": range(1, 5)}, ["n", "m"]),  # both count the rows
        ({"n": range(4), "id": range(1, 5)}, ["id"]),
        ({"id": range(4), "rank": [2, 0, 3, 1]}, ["id", "rank"]),  # sorted images, or counted rows?
        ({"row_id": range(4), "image_id": [2, 0, 3, 1]}, ["image_id"]),
    ],
)
@pytest.mark.parametrize("repeats", [1, 200])
def test_columns_that_name_different_files_in_the_same_rows(
    columns: dict[str, Sequence[int]], found: list[str], repeats: int, tmp_path: Path
) -> None:
    rows = {name: [cell + 4 * turn for turn in range(repeats) for cell in cells] for name, cells in columns.items()}
    for number in range(4 * repeats + 1):
        (tmp_path / f"{number}.png").write_bytes(b"")
    table, places = sheet(**rows), Places(Listing(tmp_path), ("",))
    assert image_candidates(table, places) == found
    assert image_column(table, None, places) == (found[0] if len(found) == 1 else None)
    problems = TableProblems()
    if len(found) > 1:
        report_no_image_column(table, None, places, problems)
        assert all(text in problems.found[0] for text in (*map(repr, found), "--image-column"))


def test_the_column_of_labels() -> None:
    names = TableNames()
    find = lambda table, filled=(): label_columns(table, names, "image", filled)  # noqa: E731
    assert find(sheet(image=[1, 2, 3], label=[0, 0, 1], dx=["a", "a", "b"])) == LabelColumns("label")
    assert find(sheet(image=[1, 2, 3], dx=["a", "a", "b"], n=[1, 2, 3])) == LabelColumns("dx", usual=False)
    assert find(sheet(image=[1, 2, 3], dx=["a", "a", "b"], sex=["m", "f", "m"])) is None
    assert find(sheet(image=[1, 2, 3], dx=["a", "a", "b"], sex=["m", "f", "m"]), ("image", "dx")) == LabelColumns("dx")
    assert find(sheet(image=[1, 2, 3], targte=["a", "a", "b"])) is None  # a misspelling
    assert find(sheet(image=[1, 2, 3], dx=["a", "a", "b"], split=["train", "val", "train"])) == LabelColumns(
        "dx", usual=False
    )
    marks = sheet(image=[1, 2, 3], a=[1, 0, 0], b=["0", "1.0", "1"], c=["False", "false", "False"])
    found = find(marks)
    assert found == LabelColumns(None, ("a", "b", "c"))
    assert one_hot_labels(marks, found.one_hot) == ("a", "b", "b")
    assert find(sheet(image=[1, 2, 3], a=[1, 0, 1], b=[1, 1, 0], c=[0, 0, 0])) is None


@given(st.lists(st.sampled_from(["train", "Training", "val", "validation", "test", "TEST"]), min_size=1, max_size=12))
def test_a_column_of_splits_is_one_with_training_and_another(cells: list[str]) -> None:
    problems = TableProblems()
    found = find_split_column(sheet(image=list(range(len(cells))), anything=cells), None, ("image",), problems)
    roles = {"tra": "train", "val": "valid", "tes": "test"}
    expected = tuple(roles[cell.lower()[:3]] for cell in cells)
    divides = "train" in expected and len(set(expected)) > 1
    assert (found.roles if found else None) == (expected if divides else None)
    assert problems.found == []


def test_flags_and_wrong_columns() -> None:
    def find(given: str | None = None, **columns: list[object]) -> tuple[object, list[str]]:
        problems = TableProblems()
        found = find_split_column(sheet(**columns), given, (), problems)
        return (found.roles if found else None), problems.found

    assert find(is_valid=[0, 1, 0])[0] == ("train", "valid", "train")
    assert find(is_test=["True", "False"])[0] == ("test", "train")
    assert find(is_train=[1, 0])[0] == ("train", "test")
    assert "data.split_column=train" in find(train=[1, 0])[1][0]  # it may be a class
    assert find(split=["train", "val"], is_train=[1, 0])[0] is None
    assert "different splits" in find(split=["train", "val"], is_train=[1, 0])[1][0]
    assert "'holdout'" in find(split=["train", "train", "test", "holdout"])[1][0]
    assert find("none", split=["train", "val"]) == (None, [])
    assert "no column 'part'" in find("part", split=["train", "val"])[1][0]
    assert "'x'" in find("split", split=["train", "x"])[1][0]


def test_the_sample_submission_decides_between_columns() -> None:
    def find(filled: tuple[str, ...], **columns: list[object]) -> LabelColumns | None:
        return label_columns(sheet(**columns), TableNames(), "image", filled)

    both = {"image": [1, 2, 3], "category": ["x", "x", "y"], "breed": ["a", "b", "b"]}
    assert find((), **both) == LabelColumns("category")
    assert find(("image", "breed"), **both) == LabelColumns("breed")
    assert find(("image", "category"), **both) == LabelColumns("category")
    named = {"image": [1, 2, 3], "target": [0, 0, 1], "class_name": ["a", "a", "b"]}
    assert find(("image", "class_name"), **named) == LabelColumns("target")


def test_two_flags_are_no_classes_next_to_another_column() -> None:
    flags = {"image": [1, 2, 3], "male": [1, 0, 0], "female": [0, 1, 1]}
    assert label_columns(sheet(**flags), TableNames(), "image") == LabelColumns(None, ("male", "female"))
    assert label_columns(sheet(**flags, dx=["a", "b", "b"]), TableNames(), "image") is None
    found = label_columns(sheet(**flags, dx=["a", "b", "b"]), TableNames(), "image", ("male", "female"))
    assert found == LabelColumns(None, ("male", "female"))


def test_of_usual_names_the_column_with_files_is_taken(places: Places) -> None:
    assert image_column(sheet(image=[1, 2], path=["x/a.png", "x/b.png"]), None, places) == "path"
    assert image_column(sheet(image=["x/a.png", "x/c.png"], path=["x/a.png", "x/b.png"]), None, places) == "image"
    assert image_column(sheet(image=[1, 2], path=[3, 4]), None, places) == "image"
