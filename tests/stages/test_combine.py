"""Members combined: the best member is used where a method's nested accuracy is below its own."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference.oof import Predictions, Rows
from sketchfit.stages.combine import combine_members, ensemble_steps

ROWS = 120
LABEL = np.arange(ROWS) % 3


def rows(folds: int = 4) -> Rows:
    return Rows(np.arange(ROWS), LABEL, np.arange(ROWS) // 3 % folds, None)


def member(wrong: np.ndarray, sure: float) -> Predictions:
    """Probabilities `sure` of the true class, or in the rows `wrong` of the next one."""
    best = np.where(wrong, (LABEL + 1) % 3, LABEL)
    prob = np.full((ROWS, 3), (1 - sure) / 2, np.float32)
    prob[np.arange(ROWS), best] = sure
    return Predictions(prob, prob[:9])


def good_and_loud() -> dict[str, Predictions]:
    """A good member, and a poor one that is more confident: the plain mean is as poor as that."""
    rng = np.random.default_rng(0)
    return {"good": member(rng.random(ROWS) < 0.1, 0.6), "loud": member(rng.random(ROWS) < 0.6, 0.99)}


@pytest.mark.parametrize("compare", [(), ("mean",), ("mean", "best-member")])
def test_a_method_that_is_worse_than_the_best_member_is_not_used(compare: tuple[str, ...]) -> None:
    members, section = good_and_loud(), EnsembleSection(method="mean", compare=compare)
    found = combine_members(members, rows(), section, 0)
    assert found.method == "best-member"
    assert found.choice is not None
    assert (found.choice.used, found.choice.needs) == (False, "not worse")
    assert found.choice.after < found.choice.before
    np.testing.assert_array_equal(found.predictions.test, members["good"].test)
    np.testing.assert_array_equal(found.predictions.oof, members["good"].oof)
    (step,) = ensemble_steps(found, rows())
    assert step.top1.value == pytest.approx(found.choice.before)
    assert step.gain is None


def test_a_worse_method_is_used_where_the_recipe_forces_it() -> None:
    section = EnsembleSection(method="mean", compare=(), force=True)
    found = combine_members(good_and_loud(), rows(), section, 0)
    assert found.method == "mean"
    assert found.choice is not None
    assert found.choice.forced


def test_a_better_method_is_used() -> None:
    members = {name: member(np.arange(ROWS) % 4 == place, 0.6) for place, name in enumerate("abc")}
    found = combine_members(members, rows(), EnsembleSection(compare=("mean",)), 0)
    assert found.method == "mean"
    assert found.choice is not None
    assert found.choice.used


@pytest.mark.parametrize("seed", range(12))
def test_the_answer_is_never_below_the_best_member_by_its_nested_estimate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shares = rng.uniform(0.2, 0.6, 3)
    members = {
        str(place): member(rng.random(ROWS) < share, rng.uniform(0.4, 0.99)) for place, share in enumerate(shares)
    }
    section = EnsembleSection(compare=("mean", "geometric", "simplex", "hard-vote"))
    found = combine_members(members, rows(), section, seed)
    assert found.comparison is not None
    best = found.comparison["best-member"]
    accuracy = rows().right(found.predictions.oof).mean()
    assert accuracy >= best.nested.value - 1e-9
    if found.method != "best-member":
        assert found.choice is not None
        assert found.choice.used
        assert accuracy >= best.naive.value - 1e-9
    elif found.choice is not None:
        assert not found.choice.used


def test_a_method_below_the_best_member_alone_is_not_used_although_choosing_members_is_as_poor() -> None:
    """Of two members that are equal overall, each is poor in two folds: the other folds choose the wrong one.

    The third is more confident than both, and has 75 % right, as the mean has.
    """
    part = rows().fold
    poor = LABEL == 0
    members = {
        "first": member(np.isin(part, [0, 1]) & poor & (np.arange(ROWS) > 0), 0.4),
        "second": member(np.isin(part, [2, 3]) & poor, 0.4),
        "third": member(np.arange(ROWS) % 4 == 0, 0.99),
    }
    found = combine_members(members, rows(), EnsembleSection(method="mean", compare=()), 0)
    assert found.comparison is not None
    mean, best = found.comparison["mean"].nested.value, found.comparison["best-member"]
    assert best.nested.value < mean == 0.75 < best.naive.value
    assert found.method == "best-member"
    assert found.choice is not None
    assert found.choice.before == best.naive.value
