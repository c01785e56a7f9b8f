"""Probabilities as labels, ranks and sets; values worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sketchfit.bundle.manifest import SetThresholds, UnknownRule
from sketchfit.bundle.predictions import Labeller
from sketchfit.bundle.unknown_rule import make_unknown_rule, unknown_test
from sketchfit.errors import UserError
from tests.bundles import write_tiny_bundle

PROB = np.array([[0.7, 0.1, 0.2], [0.25, 0.5, 0.25]], np.float32)


def test_ranks_names_and_probabilities(tmp_path: Path) -> None:
    first, second = Labeller(write_tiny_bundle(tmp_path)).predictions(PROB)
    assert (first.label, first.name, first.probability) == ("0", "horizontal line", pytest.approx(0.7))
    assert [one.label for one in first.top] == ["0", "2", "1"]
    assert [one.label for one in second.top] == ["1", "0", "2"]  # equal ones in the order of the classes


def test_sets_hold_the_classes_below_the_threshold_in_order(tmp_path: Path) -> None:
    manifest = write_tiny_bundle(tmp_path, sets=SetThresholds(thresholds={"0.8": 0.5, "0.9": 0.8}, n=99))
    usual = Labeller(manifest).predictions(PROB)
    assert [one.set for one in usual] == [("0", "2"), ("1", "0", "2")]  # 1 - p at most 0.8
    assert usual[0].coverage == 0.9
    assert [one.set for one in Labeller(manifest).predictions(PROB, coverage=0.8)] == [("0",), ("1",)]
    with pytest.raises(UserError, match=r"0\.8, 0\.9"):
        Labeller(manifest).predictions(PROB, coverage=0.99)


def test_the_usual_coverage_is_95_percent_where_there_is_one(tmp_path: Path) -> None:
    sets = SetThresholds(thresholds={"0.9": 0.1, "0.95": 0.2, "0.99": 0.3}, n=99)
    assert Labeller(write_tiny_bundle(tmp_path, sets=sets)).predictions(PROB)[0].coverage == 0.95


def test_a_bundle_without_sets_or_rule_gives_none(tmp_path: Path) -> None:
    manifest = write_tiny_bundle(tmp_path, sets=None)
    found = Labeller(manifest).predictions(PROB, top=1)[0]
    assert found.set is None
    assert found.p_value is None
    assert not found.unknown
    assert len(found.top) == 1
    for wanted in ({"coverage": 0.9}, {"reject": 0.05}):
        with pytest.raises(UserError, match=r"this (bundle|network) has no"):
            Labeller(manifest).predictions(PROB, **wanted)


def test_images_unlike_those_that_are_known_are_unknown(tmp_path: Path) -> None:
    held_out = np.array([[0.9, 0.05, 0.05]] * 18 + [[0.6, 0.2, 0.2]], np.float32)
    manifest = write_tiny_bundle(tmp_path, unknown=make_unknown_rule(held_out, score="least-confidence"))
    found = Labeller(manifest).predictions(np.array([[0.95, 0.03, 0.02], [0.4, 0.3, 0.3]], np.float32), reject=0.05)
    assert [one.p_value for one in found] == [pytest.approx(1.0), pytest.approx(1 / 20)]
    assert [one.unknown for one in found] == [False, True]
    assert [one.unknown for one in Labeller(manifest).predictions(held_out[:1])] == [False]
    with pytest.raises(UserError, match="smallest"):
        Labeller(manifest).predictions(held_out[:1], reject=0.04)


def test_a_rate_is_not_refused_for_rounding(tmp_path: Path) -> None:
    rule = UnknownRule(score="least-confidence", known=(0.1,) * 19, weight=(1 - 1e-12,) * 19)
    assert unknown_test(rule).smallest > 0.05
    Labeller(write_tiny_bundle(tmp_path, unknown=rule)).check(reject=0.05)


def test_no_image_gives_no_prediction(tmp_path: Path) -> None:
    assert Labeller(write_tiny_bundle(tmp_path)).predictions(np.zeros((0, 3), np.float32)) == []
