"""Whether the first line has column names: names with slashes over paths without suffix, and lists without names."""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.label_text import MISSING_TEXTS
from sketchfit.data.sheets import read_sheet
from sketchfit.data.sheets.first_row import columns_of_list
from sketchfit.data.sheets.sheet import Row

USUAL_WORDS = ("image", "path", "file", "name", "id", "label", "class", "target")
OTHER_WORDS = ("bild", "pfad", "foto", "nom", "w", "h", "größe", "경로")
FOLDERS = ("cat", "dog", "ant", "bee")
LETTERS = st.text(string.ascii_lowercase, min_size=1, max_size=6).filter(lambda text: text not in USUAL_WORDS)
NUMBERED = st.builds("{}{}".format, LETTERS, st.integers(0, 999))


def is_list(*rows: Sequence[str]) -> bool:
    """Return whether rows are taken for a list without column names."""
    return columns_of_list([Row(number, tuple(cells)) for number, cells in enumerate(rows, start=1)]) is not None


def a_name(words: Sequence[str]) -> st.SearchStrategy[str]:
    """Return names of two words with a slash."""
    parts = st.lists(st.sampled_from(words), min_size=2, max_size=2, unique=True)
    forms = st.sampled_from([str.lower, str.title, str.upper])
    return st.builds(lambda found, form: form("/".join(found)), parts, forms)


def below(folders: Sequence[str], names: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """Return two to eight paths without suffix."""
    return st.lists(st.builds("{}/{}".format, st.sampled_from(folders), names), min_size=2, max_size=8, unique=True)


@given(a_name(USUAL_WORDS), below(FOLDERS, LETTERS | NUMBERED))
def test_usual_words_with_a_slash_are_a_name(name: str, paths: list[str]) -> None:
    assert not is_list((name,), *((path,) for path in paths))
    assert not is_list((name, "species"), *((path, path.split("/")[0]) for path in paths))
    assert not is_list(("species", name), *((path.split("/")[0], path) for path in paths))


@given(a_name(OTHER_WORDS), below(FOLDERS, NUMBERED))
def test_a_name_without_digits_over_paths_with_digits(name: str, paths: list[str]) -> None:
    assert not is_list((name,), *((path,) for path in paths))
    assert not is_list((name, "species"), *((path, path.split("/")[0]) for path in paths))


@given(a_name(OTHER_WORDS), below(FOLDERS, LETTERS), st.lists(st.floats() | st.integers(), min_size=8, max_size=8))
def test_a_name_over_numbers(name: str, paths: list[str], numbers: list[float]) -> None:
    assert not is_list((name, "size"), *((path, str(number)) for path, number in zip(paths, numbers, strict=False)))


@given(a_name((*USUAL_WORDS, *OTHER_WORDS)), st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=2))
def test_a_name_with_a_slash_over_ratios(name: str, sides: list[tuple[int, int]]) -> None:
    rows = [(f"x{number}", f"{width}/{height}") for number, (width, height) in enumerate(sides)]
    assert not is_list(("species", name), *rows)


@given(below((*FOLDERS, *OTHER_WORDS), LETTERS | NUMBERED))
def test_a_list_with_the_folder_as_label_has_no_names(paths: list[str]) -> None:
    assert is_list(*((path, path.split("/")[0]) for path in paths))
    assert is_list(*((path.split("/")[0].upper(), path) for path in paths))


@given(below(FOLDERS, LETTERS | NUMBERED), st.sampled_from(["0", "-1", "2.0", "nan"]))
def test_a_list_with_numbers_has_no_names(paths: list[str], first: str) -> None:
    assert is_list(*zip(paths, [first, *map(str, range(1, len(paths)))], strict=True))


@given(below(FOLDERS, NUMBERED), st.sampled_from(["", *sorted(MISSING_TEXTS)]))
def test_a_list_whose_first_number_is_missing_has_no_names(paths: list[str], first: str) -> None:
    assert is_list(*zip(paths, [first, *map(str, range(1, len(paths)))], strict=True))


@given(below(FOLDERS, LETTERS | NUMBERED), LETTERS | NUMBERED)
def test_a_list_whose_first_folder_has_other_paths_has_no_names(paths: list[str], label: str) -> None:
    folder = paths[0].split("/")[0]
    paths = [*paths, f"{folder}/another7"]
    assert is_list(*((path,) for path in paths))
    assert is_list(*((path, label) for path in paths))


@pytest.mark.parametrize("suffix", [".png", ".JPEG"])
@pytest.mark.parametrize("first", ["image/path", "bild/pfad"])
def test_a_path_with_the_suffix_of_an_image_is_no_name(first: str, suffix: str) -> None:
    assert is_list((first + suffix, "ant"), ("cat/1", "cat"), ("dog/2", "dog"))
    assert is_list((first + suffix, "0"), ("cat/1" + suffix, "1"), ("dog/2" + suffix, "2"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
@pytest.mark.parametrize(
    ("name", "notes"), [("image/path", 0), ("Image/File", 0), ("file/id", 0), ("bild/pfad", 1), ("a/b", 1)]
)
def test_the_names_of_a_file_are_kept_and_doubtful_ones_noted(
    name: str, notes: int, delimiter: str, tmp_path: Path
) -> None:
    rows = [(name, "species"), ("cat/1", "cat"), ("dog/2", "dog"), ("cat/3", "cat")]
    (tmp_path / "train.txt").write_text("".join(f"{delimiter.join(row)}\n" for row in rows))
    sheet = read_sheet(tmp_path / "train.txt")
    assert (sheet.header, sheet.rows) == (rows[0], tuple(rows[1:]))
    assert len(sheet.notes) == notes
    assert all(name in note for note in sheet.notes)


@given(below(FOLDERS, LETTERS | NUMBERED), LETTERS)
def test_a_list_in_nested_folders_has_no_names(paths: list[str], first: str) -> None:
    nested = [f"sheets/a/{first}", *(f"sheets/{path}" for path in paths)]
    assert is_list(*((path, f"class of {number}") for number, path in enumerate(nested)))


def test_a_usual_name_makes_its_line_certain(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("id,m/d/y\na,1/2/2024\nb,3/4/2024\n")
    assert not read_sheet(tmp_path / "train.csv").notes
