from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.visible import cell, one_line, people_csv, visible

ANY = st.text(st.characters(), max_size=30)  # surrogates included, as in names of files that are no UTF-8


@given(ANY)
def test_no_control_character_stays(text: str) -> None:
    shown = one_line(text)
    assert not [one for one in shown if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    shown.encode()
    assert one_line(shown) == shown


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp"))))
def test_names_in_any_language_stay(text: str) -> None:
    assert one_line(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\x9bb\x7f", r"a\x9bb\x7f"),
        ("photo\u202egpj.exe", r"photo\u202egpj.exe"),
        ("\udcff", r"\udcff"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("over\rwritten", r"over\x0dwritten"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.one_of(ANY, st.builds(str.__add__, st.sampled_from(list("=+-@\t\r ＝＋－＠")), ANY)))
def test_no_cell_for_people_is_a_formula(text: str) -> None:
    shown = str(cell(text))
    if shown.startswith(tuple("=+-@\t\r\n＝＋－＠")):
        float(shown)
    (back,) = csv.reader(io.StringIO(people_csv([text], [])))
    assert back == [shown]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-0.25", "-0.25"), ("+3", "+3"), ("-x", "'-x"), (-1, -1), ("", "")],
)
def test_only_formulas_change(value: object, expected: object) -> None:
    assert cell(value) == expected


def test_a_csv_for_people() -> None:
    assert people_csv(["image", "p"], [("=a,b", 0.5), ("plain", -1)]) == 'image,p\n"\'=a,b",0.5\nplain,-1\n'
