"""Columns by their usual names, and what is printed where none has one."""

from __future__ import annotations

import pytest

from sketchfit.data.checks import IMAGE_COLUMNS, TableProblems, find_column, need_column
from sketchfit.data.sheets import Sheet
from sketchfit.errors import UserError


def sheet(*header: str, row: tuple[str, ...] = ()) -> Sheet:
    return Sheet("t.csv", header, (row,) if row else (), (2,) if row else (), "line")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (("Label", "label"), "label"),
        (("LABEL", "Label"), "LABEL"),
        (("x", "Image Path"), "Image Path"),
        (("image-path", "image_path"), "image_path"),
        (("labels",), None),
    ],
)
def test_an_exact_name_is_before_a_similar_one(header: tuple[str, ...], expected: str | None) -> None:
    assert find_column(sheet(*header), ("image_path", "label")) == expected


def missing(table: Sheet, given: str | None = None) -> str:
    problems = TableProblems()
    assert need_column(table, given, IMAGE_COLUMNS, "image paths", "--image-column", problems) is None
    (problem,) = problems.found
    return problem


def test_what_was_expected_is_named() -> None:
    problem = missing(sheet("images", "label"))
    for part in ("t.csv", "'image_path'", "'filename'", "'images'", "--image-column", "data.image_column"):
        assert part in problem
    problem = missing(sheet("images", "label"), "image")
    assert "'filename'" not in problem
    assert "Did you mean 'images'?" in problem


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (sheet("label", *(f"pixel{k}" for k in range(784))), "pixels"),
        (sheet("label", *(f"{k}x{j}" for k in range(28) for j in range(28))), "pixels"),
        (sheet("emotion", "pixels", row=("0", "70 80 " * 1152)), "pixels"),
        (sheet("label", "link", row=("cat", "https://example.org/1.png")), "download"),
    ],
)
def test_other_layouts_are_recognised(table: Sheet, expected: str) -> None:
    assert expected in missing(table)
    assert "--image-column" not in missing(table)
    assert expected not in missing(sheet("a", "b"))


def test_notes_come_with_problems() -> None:
    problems = TableProblems()
    problems.note("t.csv has no line of column names")
    problems.stop()
    problems.add("t.csv: no column 'label'")
    with pytest.raises(UserError) as caught:
        problems.stop("Do this.")
    assert caught.value.problems == ("t.csv: no column 'label'",)
    assert caught.value.hint == "note: t.csv has no line of column names\nDo this."
