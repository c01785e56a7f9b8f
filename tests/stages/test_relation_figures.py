"""What is claimed for a test set that shows known groups and new ones."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.relations import ranking
from sketchfit.relations.choice import candidates_of, choose
from sketchfit.relations.key import NO_VALUE, Key
from sketchfit.relations.origins import Facts, Origins
from sketchfit.runs.artefacts import Relations
from sketchfit.stages.frozen_rows import FrozenRows
from sketchfit.stages.relation_choice import KeyedRows, choose_grouping, fold_plan
from sketchfit.stages.relation_figures import relation_figures
from tests.factories import tiny_recipe

CLASSES, FAMILIES, ROWS, WIDTH = 10, 5, 6, 32
RECIPE = load_recipe(tiny_recipe({"folds": {"k": 5}}))


@dataclass(frozen=True)
class KnownAndNew:
    """Features of a training set and a test set, and the family of each row."""

    frozen: FrozenRows
    group: np.ndarray
    test_group: np.ndarray
    test_label: np.ndarray

    @property
    def context(self) -> Any:
        return SimpleNamespace(table=SimpleNamespace(label=self.frozen.label), recipe=RECIPE)

    @property
    def copies(self) -> Key:
        rows = np.arange(len(self.group))
        return Key("near_duplicate", "near_duplicate", rows, np.full(len(self.test_group), NO_VALUE))

    @property
    def truth(self) -> float:
        """Accuracy of the head on the test rows."""
        head = self.frozen.head.without(np.zeros(0, dtype=np.int64))
        return float((head.scores(self.frozen.test_values).argmax(axis=1) == self.test_label).mean())


def simulated(known: int) -> KnownAndNew:
    """Return a test set with four families per class, of which so many are known."""
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
    return KnownAndNew(frozen, group, of_test, true)


def figures_and_truth(known: int) -> tuple[Relations, float]:
    """Return the figures of a test set with four families per class, of which so many are known, and the accuracy."""
    made = simulated(known)
    key, copies, label = Key("family", "column", made.group, made.test_group), made.copies, made.frozen.label
    choice = choose(candidates_of(copies, [key], fold_plan(RECIPE), label), [key], len(made.test_group), None)
    origins: Any = None
    return relation_figures(made.context, choice, (), KeyedRows(origins, copies, made.frozen)), made.truth


def figures_by_hand(made: KnownAndNew, group: str, features: bool = True, **columns: np.ndarray) -> Relations:
    """Return the figures where the recipe names the groups; each column has the groups of all rows."""
    count = len(made.group)
    texts = {name: values.astype(str) for name, values in columns.items()}
    train, test = (
        Facts(
            tuple(f"{row}.png" for row in range(len(part))), {name: all_rows[place] for name, all_rows in texts.items()}
        )
        for part, place in ((made.group, slice(count)), (made.test_group, slice(count, None)))
    )
    rows = KeyedRows(Origins(train, made.frozen.label, test), made.copies, made.frozen if features else None)
    context = made.context
    context.recipe = load_recipe(tiny_recipe({"folds": {"k": 5, "group": group}}))
    return relation_figures(context, choose_grouping(context, rows, (), drifts=False), (), rows)


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


@pytest.mark.parametrize("known", [0, 1, 2, 3])
def test_a_key_set_by_hand_is_claimed_as_an_automatic_one(known: int) -> None:
    made = simulated(known)
    automatic, _ = figures_and_truth(known)
    found = figures_by_hand(made, "family", family=np.r_[made.group, made.test_group])
    assert found.chosen == automatic.chosen == "family + near_duplicate"
    assert (found.known_share, found.known_change) == (automatic.known_share, automatic.known_change)
    assert found.choice_error == automatic.choice_error
    assert mixed(found) == pytest.approx(made.truth, abs=0.1)
    assert found.test_groups == pytest.approx(40)


def test_known_groups_that_only_the_recipe_keeps_together_are_counted() -> None:
    """With `auto`, folds separate the groups of a test set that shows them all again."""
    made = simulated(4)
    found = figures_by_hand(made, "family", family=np.r_[made.group, made.test_group])
    top1 = {one.name: one.head_top1 for one in found.groupings}
    assert found.known_share == 1
    assert mixed(found) == pytest.approx(top1["near_duplicate"])
    assert mixed(found) == pytest.approx(made.truth, abs=0.1)


def test_of_several_keys_set_by_hand_those_with_new_groups_stay_together() -> None:
    made = simulated(2)
    page = np.arange(len(made.group) + len(made.test_group)) // 3  # half of a family; each page of a test row is new
    columns = {"family": np.r_[made.group, made.test_group], "page": page}
    found = figures_by_hand(made, "page + family", **columns)
    assert [one.name for one in found.groupings] == [
        "page + family + near_duplicate",
        "page + near_duplicate",
        "near_duplicate",
    ]
    top1 = {one.name: one.head_top1 for one in found.groupings}
    apart, together = top1["page + near_duplicate"], top1[found.chosen]
    assert apart is not None
    assert together is not None
    assert found.known_share == 0.5
    assert mixed(found) == pytest.approx((apart + together) / 2)
    only_new = figures_by_hand(made, "page", **columns)
    assert (only_new.known_share, only_new.known_change) == (0, 0)
    assert [one.name for one in only_new.groupings] == ["page + near_duplicate"]


@pytest.mark.parametrize("group", ["none", "near_duplicate", "class/family"])
def test_groups_set_by_hand_that_test_rows_do_not_name_change_nothing(group: str) -> None:
    made = simulated(2)
    found = figures_by_hand(made, group, family=np.r_[made.group, made.test_group])
    assert (found.known_share, found.known_change, found.choice_error) == (0, 0, 0)
    assert found.test_groups is None
    assert len(found.groupings) == 1


def test_nothing_is_claimed_of_known_groups_without_features() -> None:
    made = simulated(2)
    found = figures_by_hand(made, "family", features=False, family=np.r_[made.group, made.test_group])
    assert (found.known_share, found.known_change) == (0, 0)
    assert "known groups" not in "\n".join(found.lines())
