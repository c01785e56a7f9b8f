from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.heat.picture import HeatPicture
from sketchfit.reporting.run.gallery import answer_bars, choose_errors, gallery_section


def test_the_worst_of_each_kind_are_chosen(make_run: Callable[..., Path]) -> None:
    evidence = read_evidence(make_run())
    items = choose_errors(evidence, 10)
    reasons = {one.place: one.reasons for one in items}
    wrong = np.flatnonzero(~evidence.correct)
    assert len(items) == 10
    assert "loss" in reasons[int(wrong[evidence.loss[wrong].argmax()])]
    assert "confidence" in reasons[int(wrong[evidence.confidence[wrong].argmax()])]
    assert "disagreement" in reasons[int(evidence.disagreement.argmax())]


def test_one_member_has_no_disagreement(make_run: Callable[..., Path]) -> None:
    items = choose_errors(read_evidence(make_run(members=1)), 1000)
    assert {reason for one in items for reason in one.reasons} == {"loss", "confidence"}


def test_a_gallery_that_is_off_is_not_a_run_without_errors(make_run: Callable[..., Path]) -> None:
    evidence = read_evidence(make_run())
    wrong = int((~evidence.correct).sum())
    html = gallery_section(evidence, choose_errors(evidence, 0), evidence.run.recipe, {}).html
    assert f"{wrong} of 120 predictions are wrong" in html
    assert "There are no errors" not in html
    right = replace(evidence)
    right.__dict__["correct"] = np.ones(120, bool)
    assert "There are no errors" in gallery_section(right, [], evidence.run.recipe, {}).html


PROB = np.array([0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05], np.float32)
NAMES = [f"class {k}" for k in range(7)]


@pytest.mark.parametrize(("label", "places"), [(0, [1, 2, 3, 4, 5]), (4, [1, 2, 3, 4, 5]), (6, [1, 2, 3, 4, 5, 7])])
def test_the_true_class_is_always_among_the_bars(label: int, places: list[int]) -> None:
    bars = answer_bars(PROB, label, NAMES)
    assert [bar.place for bar in bars] == places
    assert [bar.name for bar in bars if bar.true] == [NAMES[label]]
    assert [bar.probability for bar in bars] == sorted((bar.probability for bar in bars), reverse=True)


def test_two_classes_have_two_bars() -> None:
    assert [(bar.name, bar.true) for bar in answer_bars(np.array([0.4, 0.6], np.float32), 0, ["a", "b"])] == [
        ("b", False),
        ("a", True),
    ]


def test_cards_name_class_answer_and_probability(make_run: Callable[..., Path]) -> None:
    evidence = read_evidence(make_run())
    items = choose_errors(evidence, 5)
    recipe = evidence.run.recipe
    heat = HeatPicture(np.zeros((8, 8, 3), np.uint8), "by occlusion")
    html = gallery_section(evidence, items, recipe, {items[0].place: heat}).html
    pictures = re.findall(r'<article [^>]*data-drawing="([^"]+)" data-label="([^"]+)".*?alt="([^"]+)"', html, re.S)
    assert {path for path, *_ in pictures} == {evidence.paths[one.place] for one in items}
    for path, label, text in pictures:
        place = evidence.paths.index(path)
        assert unescape(label) == evidence.class_names[evidence.label[place]]
        assert unescape(label) in unescape(text)
        assert evidence.class_names[evidence.answer[place]] in unescape(text)
        assert f"{100 * evidence.confidence[place]:.1f} %" in text
    assert html.count("Heat map") == 1
    assert html.count("by occlusion") == 1
