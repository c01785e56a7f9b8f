"""Pseudo-labels: the rules by hand, known label noise, alignment, and a planted leak."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.errors import UserError
from sketchfit.inference.pseudo_labels import (
    Rules,
    Teacher,
    align,
    check_teacher,
    expected_accuracy,
    leaked_rows,
    select,
)

Draw = Callable[..., Any]
PROB = np.array([[0.9, 0.1, 0.0], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.9, 0.0, 0.1], [0.34, 0.33, 0.33]])


def test_the_rules_by_hand() -> None:
    assert select([PROB], Rules(threshold=0.7)).row.tolist() == [0, 2, 3]
    assert select([PROB], Rules(top_k=1)).row.tolist() == [0, 2]  # rows 0 and 3 tie in class 0
    assert select([PROB], Rules(top_k=2)).row.tolist() == [0, 2, 3]
    assert select([PROB], Rules(threshold=0.95)).row.tolist() == []
    other = PROB.copy()
    other[3] = [0.0, 0.4, 0.6]
    assert select([PROB, other], Rules(agreement=1.0)).row.tolist() == [0, 1, 2, 4]
    assert select([PROB, other], Rules(agreement=0.5)).row.tolist() == [0, 1, 2, 3, 4]


def test_targets_and_weights() -> None:
    soft = select([PROB], Rules(threshold=0.65), kind="soft", weight=0.5, by_confidence=True)
    assert soft.target == pytest.approx(PROB[[0, 2, 3]])
    assert soft.weight == pytest.approx([0.45, 0.35, 0.45])
    assert soft.expected_errors == pytest.approx((0.1 + 0.3 + 0.1) / 3)
    hard = select([PROB], Rules(threshold=0.65))
    assert hard.target.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert hard.weight.tolist() == [1, 1, 1]
    assert hard.target.dtype == hard.weight.dtype == np.float32


@given(st.integers(0, 10_000), st.integers(1, 6), st.floats(0, 0.8))
def test_no_class_gets_more_than_its_share_and_only_the_surest(seed: int, top_k: int, threshold: float) -> None:
    prob = np.random.default_rng(seed).dirichlet(np.ones(4), 60)
    picked = select([prob], Rules(threshold=threshold, top_k=top_k))
    for c in range(4):
        inside = prob.argmax(1) == c
        allowed = np.sort(prob.max(1)[inside & (prob.max(1) >= threshold)])[::-1][:top_k]
        assert np.sort(prob.max(1)[picked.row[picked.label == c]])[::-1].tolist() == allowed.tolist()


def test_known_label_noise_shows_as_documented(draw_members: Draw) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 10, 20_000)
    for noise in (0.1, 0.3):
        # a calibrated teacher that is wrong on a known share of rows, and says so
        said = np.where(rng.random(20_000) < noise, (truth + rng.integers(1, 10, 20_000)) % 10, truth)
        prob = np.full((20_000, 10), noise / 9)
        prob[np.arange(20_000), said] = 1 - noise
        picked = select([prob], Rules(threshold=0.5))
        wrong = (picked.label != truth[picked.row]).mean()
        assert picked.expected_errors == pytest.approx(noise)
        assert wrong == pytest.approx(noise, abs=0.012)
    (prob,), label = draw_members(rng, 20_000, 10, [2.0])
    rules = Rules(threshold=0.8)
    picked = select([prob], rules)
    measured = expected_accuracy([prob[:10_000]], label[:10_000], rules)
    assert measured is not None
    assert measured.value == pytest.approx((picked.label == label[picked.row]).mean(), abs=0.02)
    assert expected_accuracy([prob], label, Rules(threshold=1.1)) is None


def test_a_higher_threshold_means_fewer_and_better_labels(draw_members: Draw) -> None:
    (prob,), label = draw_members(np.random.default_rng(1), 5000, 8, [1.5])
    figures = [expected_accuracy([prob], label, Rules(threshold=t), np.arange(5000)) for t in (0, 0.5, 0.8)]
    values = [figure.value for figure in figures if figure]
    assert values == sorted(values)
    assert len(values) == 3
    assert values[-1] > values[0] + 0.1


def test_alignment_restores_the_wanted_shares() -> None:
    rng = np.random.default_rng(2)
    prob = rng.dirichlet([4.0, 1.0, 1.0], 3000).astype(np.float32)
    wanted = np.full(3, 1 / 3)
    aligned = align(prob, wanted)
    assert aligned.sum(1) == pytest.approx(np.ones(3000), abs=1e-5)
    assert np.abs(aligned.mean(0) - wanted).max() < 0.4 * np.abs(prob.mean(0) - wanted).max()
    assert align(prob, prob.mean(0)) == pytest.approx(prob, abs=1e-5)
    by_hand = align(np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([0.3, 0.7]))
    assert by_hand[0] == pytest.approx([0.8 * 0.5 / (0.8 * 0.5 + 0.2 * 1.75), 0.35 / 0.75])


def test_a_planted_leak_is_refused() -> None:
    fold = np.array([0, 0, 1, 1, 2, 2, -1])
    honest = [Teacher(f"fold{k}", np.flatnonzero(fold != k)) for k in range(3)]
    for k in range(3):
        check_teacher([honest[k]], k, fold)
        with pytest.raises(UserError, match="was trained on 2 of the 2 rows of fold") as refused:
            check_teacher(honest, k, fold)
        assert len(refused.value.problems) == 2
    one_row = Teacher("nearly", np.array([2, 3, 4, 5, 1]))
    with pytest.raises(UserError, match="nearly was trained on 1 of the 2 rows of fold 0: 1"):
        check_teacher([one_row], 0, fold)


def test_a_leak_through_a_near_duplicate_is_refused() -> None:
    fold, group = np.array([0, 0, 1, -1]), np.array([7, 8, 9, 7])
    teacher = Teacher("kin", np.array([2, 3]))
    check_teacher([teacher], 0, fold)
    with pytest.raises(UserError, match="kin was trained on 1 near-duplicates of rows of fold 0"):
        check_teacher([teacher], 0, fold, group)
    with pytest.raises(UserError, match="no row is validated in fold 5"):
        check_teacher([teacher], 5, fold)


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        ("none", "2 near-duplicates of rows of fold 0"),
        ("near_duplicate", "2 near-duplicates of rows of fold 0"),
        ("drawer + near_duplicate", "2 rows related to rows of fold 0 by drawer + near_duplicate"),
        (r"name:^m(\d+)", r"2 rows related to rows of fold 0 by name:^m(\d+)"),
        ("", "2 rows related to rows of fold 0"),
    ],
)
def test_the_relation_of_rows_that_leak_is_named(relation: str, expected: str) -> None:
    fold, group = np.array([0, 0, 1, 1]), np.array([7, 8, 7, 8])
    leaked = leaked_rows([Teacher("kin", np.array([2, 3]))], 0, fold, group, relation)
    assert leaked == [f"kin was trained on {expected}"]
