"""The first answer of the audit about folds agrees with what the page reports about related drawings."""

from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.auditing.crossing import Crossing
from sketchfit.reporting.audit.fold_answer import fold_answer
from sketchfit.reporting.audit.relations_card import relations_answer, show_relations
from sketchfit.runs.artefacts import Relations
from tests.factories import make_relations


def changed(**changes: object) -> Relations:
    return make_relations().model_copy(update=changes)


def test_related_drawings_that_plain_folds_separate_are_the_answer() -> None:
    text = fold_answer(make_relations())
    assert text.startswith("Yes, by related drawings: plain folds separate 1,200 pairs")
    assert "name:^(.+)_" in text
    assert "58.0 % with near_duplicate, and on 45.0 % with name:^(.+)_ + near_duplicate" in text
    assert make_relations().reason in text


def test_folds_that_separate_them_too_are_no_yes() -> None:
    text = fold_answer(make_relations(kept=False))
    assert text.startswith("Perhaps")
    assert "so may the folds of a run" in text


def test_without_related_drawings_the_answer_is_no() -> None:
    unrelated = [key for key in make_relations().keys if not key.related]
    assert fold_answer(changed(keys=tuple(unrelated))).startswith("Not by related drawings")
    harmless = [key.model_copy(update={"crossing_pairs": 0}) for key in make_relations().keys]
    assert fold_answer(changed(keys=tuple(harmless))).startswith("Not by related drawings")


def test_clusters_are_an_answer_without_a_key() -> None:
    text = fold_answer(changed(keys=(), chosen="clusters of 8 rows + near_duplicate", groupings=()))
    assert text.startswith("Yes, by related drawings: the folds of a run keep similar drawings together")


@pytest.mark.parametrize("untested", ["", "claim.enabled is off"])
def test_what_was_not_tested_is_not_answered(untested: str) -> None:
    text = fold_answer(None, untested)
    assert text.startswith("By related drawings: not tested")
    assert untested in text


def test_the_page_has_the_answer_of_the_last_test(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text(f"<h3>?</h3>{relations_answer(None)}<p>after</p>", encoding="utf-8")
    show_relations(page, make_relations())
    first = page.read_text(encoding="utf-8")
    assert "not tested" not in first
    assert first.count("Yes, by related drawings") == 1
    show_relations(page, None, "no <weights>")
    assert "not tested (no &lt;weights&gt;)." in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("rows", [0, 3])
def test_the_other_sentence_is_about_near_duplicates(rows: int) -> None:
    assert "near-duplicates" in Crossing(3, 0, 2, rows, 2, 20, None, None).summary.partition(".")[0]
