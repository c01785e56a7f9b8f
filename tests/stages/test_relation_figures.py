"""What is claimed for a test set that shows known groups and new ones."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.relations import ranking
from sketchfit.relations.choice import candidates_of, choose
from sketchfit.relations.key import NO_VALUE, Key
from sketchfit.runs.artefacts import Relations
from sketchfit.stages.frozen_rows import FrozenRows
from sketchfit.stages.relation_choice import KeyedRows, fold_plan
from sketchfit.stages.relation_figures import relation_figures
from tests.factories import tiny_recipe

CLASSES, FAMILIES, ROWS, WIDTH = 10, 5, 6, 32
RECIPE = load_recipe(tiny_recipe({"folds": {"k": 5}}))


def figures_and_truth(known: int) -> tuple[Relations, float]:
    """Return the figures of a test set with four families per class, of which so many are known, and the accuracy."""
    rng = np.random.default_rng(0)
    family = rng.normal(0, 0.5, (CLASSES, 1, WIDTH)) + rng.normal(0, 0.8, (CLASSES, 2 * FAMILIES, WIDTH))

    def rows(families: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        label = np.repeat(np.arange(CLASSES), len(families) * ROWS)
        own = np.tile(np.repeat(families, ROWS), CLASSES)
        values = family[label, own] + rng.normal(0, 0.7, (len(label), WIDTH))
        return values.astype(np.float32), label, label * 100 + own

    values, label, group = rows(np.arange(FAMILIES))
    test_values, true, of_test = rows(np.r_[:known, FAMILIES : FAMILIES + 4 - known])
    frozen = FrozenRows(np.arange(len(label)), values, label, CLASSES, test_values)
    key = Key("family", "column", group, of_test)
    copies = Key("near_duplicate", "near_duplicate", np.arange(len(label)), np.full(len(true), NO_VALUE))
    choice = choose(candidates_of(copies, [key], fold_plan(RECIPE), label), [key], len(true), None)
    context: Any = SimpleNamespace(table=SimpleNamespace(label=label), recipe=RECIPE)
    origins: Any = None
    every = frozen.head.without(np.zeros(0, dtype=np.int64)).scores(test_values).argmax(axis=1)
    return relation_figures(context, choice, (), KeyedRows(origins, copies, frozen)), float((every == true).mean())


def mixed(found: Relations) -> float:
    """Accuracy of the head with the chosen grouping, changed by the rows of known groups."""
    top1 = next(one.head_top1 for one in found.groupings if one.name == found.chosen)
    assert top1 is not None
    odds = top1 / (1 - top1) * np.exp(found.known_change)
    return float(odds / (1 + odds))


@pytest.mark.parametrize("known", [1, 2, 3])
def test_known_groups_raise_what_folds_that_keep_groups_together_show(known: int) -> None:
    found, truth = figures_and_truth(known)
    top1 = {one.name: one.head_top1 for one in found.groupings}
    apart, together = top1["near_duplicate"], top1[found.chosen]
    assert found.chosen == "family + near_duplicate"
    assert found.known_share == known / 4
    assert apart is not None
    assert together is not None
    assert mixed(found) == pytest.approx(found.known_share * apart + (1 - found.known_share) * together)
    assert mixed(found) == pytest.approx(truth, abs=0.1)
    assert found.choice_error == pytest.approx(found.known_change / 2)
    assert apart - together > 0.2
    assert f"{25 * known} % of the test rows are of groups that occur in training" in "\n".join(found.lines())


@pytest.mark.parametrize(("known", "chosen"), [(0, "family + near_duplicate"), (4, "near_duplicate")])
def test_groups_that_are_all_new_or_all_known_change_nothing(known: int, chosen: str) -> None:
    found, truth = figures_and_truth(known)
    assert found.chosen == chosen
    assert (found.known_share, found.known_change, found.choice_error) == (0, 0, 0)
    assert mixed(found) == pytest.approx(truth, abs=0.1)


def test_groups_of_the_test_rows_are_counted_where_a_kept_key_names_them() -> None:
    train = np.repeat(np.arange(10), 4)
    named = Key("drawer", "column", train, np.array([20] * 6 + [21] * 2 + [NO_VALUE]))
    unnamed = Key("photo", "name", train, np.full(9, NO_VALUE))
    copies = Key("near_duplicate", "near_duplicate", np.arange(40), np.full(9, NO_VALUE))
    evidence: Any = SimpleNamespace(
        groups=10, sizes=(4, 4, 4), effect=0.1, z=9.0, p=0.0, hit_rate=0.5, expected_hit_rate=0.1, related=True
    )
    context: Any = SimpleNamespace(table=SimpleNamespace(label=np.tile([0, 1], 20)), recipe=RECIPE)
    origins: Any = None
    for key, expected in ((named, 81 / 41), (unnamed, None)):
        choice = choose(candidates_of(copies, [key], fold_plan(RECIPE), context.table.label), [key], 9, None)
        tested = ranking.Tested(key, evidence, "related", "")
        found = relation_figures(context, choice, (tested,), KeyedRows(origins, copies, None))
        assert key.name in choice.chosen.keys
        assert found.test_groups == (None if expected is None else pytest.approx(expected))
