"""The glossary is sorted, and has the words that the report explains."""

from __future__ import annotations

from pathlib import Path

from sketchfit.reporting.run.section_texts import SECTION_TEXTS
from tools.site.abbreviations import abbreviations, terms

GLOSSARY = (Path(__file__).resolve().parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
TERMS = [term for term, _ in terms(GLOSSARY)]


def test_terms_are_sorted_and_each_occurs_once() -> None:
    assert sorted(set(TERMS), key=str.casefold) == TERMS
    assert len(TERMS) >= 50


def test_each_term_has_one_or_two_sentences() -> None:
    bodies = [part.partition("\n\n")[2].strip() for part in GLOSSARY.split("\n### ")[1:]]
    assert [term for term, body in zip(TERMS, bodies, strict=True) if not 20 < len(body) < 400] == []


def test_the_words_that_the_report_explains_are_in_it() -> None:
    words = {word for section in SECTION_TEXTS.values() for word, _ in section.terms}
    known = {*TERMS, *(f"{term}s" for term in TERMS)}
    assert {word for word in words if word.partition(" (")[0] not in known} == set()


def test_abbreviations_have_their_long_forms() -> None:
    found = abbreviations("### out of fold (OOF)\n\nText (no term).\n\n### EMA (exponential average)\n\n### fold\n")
    assert found == {"OOF": "out of fold", "EMA": "exponential average"}
    assert "OOF" in abbreviations(GLOSSARY)
