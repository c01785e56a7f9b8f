"""Fixed texts of the report's sections: each section has one, in plain text."""

from __future__ import annotations

from importlib.resources import files

from sketchfit.reporting.run.section_texts import SECTION_TEXTS


def test_each_section_of_the_report_has_a_text() -> None:
    folder = files("sketchfit.reporting") / "templates" / "report"
    assert {one.name.removesuffix(".html.j2") for one in folder.iterdir()} == set(SECTION_TEXTS)


def test_texts_are_plain() -> None:
    for text in SECTION_TEXTS.values():
        assert text.title
        assert text.reading.endswith(".")
        assert not set("`<>*") & set(text.title + text.reading)


def test_intervals_that_overlap_are_not_read_as_no_difference() -> None:
    reading = SECTION_TEXTS["headline"].reading
    assert "not shown to differ" not in reading
    assert "sketchfit compare" in reading
