"""Classes from the labels that people write: text, numbers, booleans, several spellings of one class."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.checks import TableProblems
from sketchfit.data.label_text import clean_label, label_order
from sketchfit.data.labels import BLANKS, Classes, read_classes
from sketchfit.data.readers import read_table
from sketchfit.data.sheets import Sheet
from sketchfit.own_system import WINDOWS
from tests.data.malformed import drawing


def read(cells: list[str], names: list[str] | None = None, mode: str = "auto") -> tuple[Classes | None, TableProblems]:
    rows = tuple((cell,) for cell in cells)
    sheet = Sheet("train.csv", ("target",), rows, tuple(range(2, len(rows) + 2)), "line", "utf-8")
    problems = TableProblems()
    return read_classes(sheet, cells, names, [""] * len(cells), problems, mode), problems  # type: ignore[arg-type]


def labels_of(cells: list[str], mode: str = "auto") -> tuple[str, ...]:
    classes, problems = read(cells, mode=mode)
    assert classes is not None, problems.found
    assert [classes.labels[number] for number in classes.label] == [*map(spelled(classes, mode), cells)]
    return classes.labels


def spelled(classes: Classes, mode: str):
    """Return a function from a cell to the label of its class."""
    from sketchfit.data.label_text import as_integer

    by_text = {clean_label(label): label for label in classes.labels}
    by_number = {str(as_integer(label)): label for label in classes.labels}
    return lambda cell: by_text.get(clean_label(cell)) or by_number[str(as_integer(cell))]


@pytest.mark.parametrize(
    "labels",
    [
        ("0", "1", "2"),
        ("1", "2", "10"),
        ("000", "007", "010"),
        ("0.0", "1.0", "10.0"),
        ("-1", "1"),
        ("7", "8", "9"),
        ("01440764", "02119789", "13037406"),
        ("1000010653", "1000094581"),
        ("False", "True"),
        ("사과", "자동차"),
        ("apple", "b2", "b10", "Zebra"),
        ("1", "2", "cat", "True"),
        ("0.5", "1.0", "1.5"),
        ("a;b", "a:b", 'say "a"', "a,b", "a\nb"),
        ("+", "-", "?", "NA"),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_labels_come_out_as_they_are_written_in_natural_order(labels: tuple[str, ...], seed: int) -> None:
    cells = [*labels] * 3
    random.Random(seed).shuffle(cells)
    assert sorted(labels_of(cells)) == sorted(labels)
    assert labels_of(cells) == tuple(sorted(labels, key=label_order))


def test_natural_order_and_names() -> None:
    classes, _ = read(["10", "2", "-1", "2", "10", "-1"])
    assert classes is not None
    assert classes.labels == classes.names == ("-1", "2", "10")
    classes, _ = read(["10", "2", "10", "2"], names=["ten", "two", "ten", "two"])
    assert classes is not None
    assert (classes.labels, classes.names) == (("2", "10"), ("two", "ten"))


@pytest.mark.parametrize(
    ("label", "other"),
    [
        ("사과", unicodedata.normalize("NFD", "사과")),
        ("café", "cafe\u0301"),
        ("cat", "cat\u200b"),
        ("cat", "\ufeffcat"),
        ("red apple", "red\u00a0apple"),
        ("cat", " cat\u00a0"),
        ("cat", '"cat"'),
        ("cat", "'cat'"),
        ("cat", "“cat”"),
        ("7", "7.0"),
    ],
)
def test_spellings_that_look_the_same_are_one_class_with_a_note(label: str, other: str) -> None:
    background = ["8", "8"] if label == "7" else ["dog", "dog"]
    classes, problems = read([label, label, other, *background])
    assert classes is not None
    assert label in classes.labels
    assert classes.label.tolist() in ([0, 0, 0, 1, 1], [1, 1, 1, 0, 0])
    (note,) = [one for one in problems.notes if "one class" in one]
    assert repr(label) in note
    assert "1 row" in note
    classes, problems = read([other, other, *background])  # alone it is not changed, except for blanks
    assert classes is not None
    assert other.strip(" ") in classes.labels
    assert problems.notes == []


@pytest.mark.parametrize(("one", "two"), [("Cat", "cat"), ("7", "007"), ("straße", "STRASSE"), ("cat", 'cat"')])
def test_labels_that_are_nearly_the_same_are_two_classes_with_a_warning(one: str, two: str) -> None:
    background = ["8", "8"] if one == "7" else ["dog", "dog"]
    classes, problems = read([one, two, one, two, *background])
    assert classes is not None
    assert {one, two} < set(classes.labels)
    (note,) = problems.notes
    assert "warning" in note
    assert repr(one) in note
    assert repr(two) in note


def test_modes() -> None:
    assert labels_of(["1", "1.0", "2", "2"], "names") == ("1", "1.0", "2")
    assert labels_of(["1", "1.0", "2", "2"]) == ("1", "2")
    assert labels_of(["1", "01", "1", "2"], "integers") == ("1", "2")
    classes, problems = read(["1", "2", "cat", "cat"], mode="integers")
    assert classes is None
    assert "(2 rows): line 4 'cat', line 5 'cat'" in problems.found[0]


@pytest.mark.parametrize("odd", [["x"], ["nan"] * 4, ["0.5"], ["?", "?"], ["7O"]])
def test_odd_cells_among_numbers_are_problems(odd: list[str]) -> None:
    classes, problems = read(["1", "2", "3"] * 3 + odd)
    assert classes is None
    assert repr(odd[0]) in problems.found[0]
    assert "line 11" in problems.found[0]
    assert "data.labels" in problems.found[0]
    classes, _ = read(["1", "2", "3"] * 3 + odd, mode="names")
    assert classes is not None
    assert odd[0] in classes.labels


def test_numbers_and_texts_are_classes_with_a_note() -> None:
    classes, problems = read(["1", "2", "3", "cat"] * 3)
    assert classes is not None
    assert classes.labels == ("1", "2", "3", "cat")
    assert "'cat' (3 rows)" in problems.notes[0]


def test_a_column_of_ids_is_no_column_of_classes() -> None:
    classes, problems = read([f"id{number}" for number in range(30)])
    assert classes is None
    assert "--label-column" in problems.found[0]


def test_empty_cells_are_named() -> None:
    classes, problems = read(["a", " ", "b", "\u00a0"])
    assert classes is None
    assert "(2 rows): line 3, line 5" in problems.found[0]


CELLS = st.text(min_size=1, max_size=12).filter(str.strip)


@given(st.lists(CELLS, min_size=1, max_size=8, unique_by=clean_label), st.integers(2, 4), st.randoms())
def test_any_text_comes_out_as_it_went_in(labels: list[str], rows: int, order: random.Random) -> None:
    cells = labels * rows
    order.shuffle(cells)
    classes, problems = read(cells, mode="names")
    assert classes is not None, problems.found
    assert sorted(classes.labels) == sorted(label.strip(BLANKS) for label in labels)
    assert [classes.labels[number] for number in classes.label] == [cell.strip(BLANKS) for cell in cells]
    assert len(set(classes.names)) == len(classes.names)


@given(st.lists(CELLS, min_size=1, max_size=10))
def test_any_cells_end_in_classes_or_problems(cells: list[str]) -> None:
    classes, problems = read(cells)
    assert (classes is None) == bool(problems.found)
    if classes is not None:
        assert set(classes.label.tolist()) == set(range(len(classes.labels)))


@given(CELLS)
def test_cleaning_twice_is_cleaning_once(cell: str) -> None:
    assert clean_label(clean_label(cell)) == clean_label(cell)


def test_folders_in_two_unicode_forms_are_one_class_with_a_note(tmp_path: Path) -> None:
    forms = {form: unicodedata.normalize(form, "사과") for form in ("NFC", "NFD")}
    for name in (*forms.values(), unicodedata.normalize("NFD", "배"), "Cat", "cat"):
        (tmp_path / name).mkdir()
        for number in range(2):
            drawing(number).save(tmp_path / name / f"{number}.png")
    table = read_table(tmp_path)
    assert table.class_labels == table.class_names == ("Cat", "cat", "배", "사과")
    assert np.bincount(table.label).tolist() == [2, 2, 2, 4]
    assert [("사과" in note, "'Cat'" in note) for note in table.notes] == [(True, False), (False, True)]


@pytest.mark.skipif(WINDOWS, reason="Windows removes blanks at the end of names")
@pytest.mark.parametrize("other", ["cat ", " cat", "\tcat"])
def test_folders_that_differ_in_blanks_are_one_class_with_a_note(other: str, tmp_path: Path) -> None:
    for name in ("cat", other, "dog"):
        (tmp_path / name).mkdir()
        for number in range(2):
            drawing(number).save(tmp_path / name / f"{number}.png")
    table = read_table(tmp_path)
    assert table.class_labels == table.class_names == ("cat", "dog")
    assert np.bincount(table.label).tolist() == [4, 2]
    assert [repr(other) in note and "'cat'" in note for note in table.notes] == [True]
    assert "2 class folders" in table.layout[0]


def test_labels_of_thousands_of_digits_are_labels() -> None:
    long = "1" * 5000
    assert labels_of(["2", long, "10"] * 2, "names") == ("2", "10", long)
