"""Claims for test sets that show known groups and new ones. Table of docs/claims.md.

    python -m benchmarks.known_groups [--seeds 12]

Features are simulated: 20 classes, five families of six training rows per class, and four families of six test rows
per class, of which some are those of training. A closed-form head takes the place of networks: the claim is made from
its out-of-fold rows, and the truth is the accuracy of the head on all training rows.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.claims.claim import OutOfFold, make_claim
from sketchfit.claims.learning_curve import RepeatedFolds, measure_slope
from sketchfit.claims.units_left import units_left
from sketchfit.config.load import load_recipe
from sketchfit.data.folds import stratified_folds
from sketchfit.relations.choice import candidates_of, choose
from sketchfit.relations.key import NO_VALUE, Key
from sketchfit.stages.frozen_rows import FrozenRows
from sketchfit.stages.relation_choice import KeyedRows, fold_plan
from sketchfit.stages.relation_figures import relation_figures

Ints = NDArray[np.int64]

CLASSES, WIDTH = 20, 32
FAMILIES, TEST_FAMILIES, ROWS = 5, 4, 6
"""Per class: training families, test families, and rows of each."""


@dataclass(frozen=True)
class Simulated:
    """A training table and a test table.

    Attributes:
        frozen: features of both.
        group, test_group: int64 [n], [m], families.
        test_label: int64 [m].
    """

    frozen: FrozenRows
    group: Ints
    test_group: Ints
    test_label: Ints


def simulate(known: int, seed: int) -> Simulated:
    """Return tables of which so many test families per class are those of training."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(0, 0.55, (CLASSES, 1, WIDTH))
    family = centre + 0.75 * rng.normal(0, 1, (CLASSES, 2 * FAMILIES, WIDTH))

    def rows(families: Ints) -> tuple[NDArray[np.float32], Ints, Ints]:
        label = np.repeat(np.arange(CLASSES), len(families) * ROWS)
        own = np.tile(np.repeat(families, ROWS), CLASSES)
        values = family[label, own] + rng.normal(0, 0.7, (len(label), WIDTH))
        return values.astype(np.float32), label, label * 2 * FAMILIES + own

    values, label, group = rows(np.arange(FAMILIES))
    test_values, test_label, test_group = rows(np.r_[:known, FAMILIES : FAMILIES + TEST_FAMILIES - known])
    frozen = FrozenRows(np.arange(len(label)), values, label, CLASSES, test_values)
    return Simulated(frozen, group, test_group, test_label)


def figures(known: int, seed: int) -> list[float]:
    """Return the columns of the table for one simulation; whether an interval holds the truth is 0 or 1."""
    made = simulate(known, seed)
    frozen, label = made.frozen, made.frozen.label
    recipe = load_recipe("cpu")
    plan = fold_plan(recipe)
    key = Key("family", "column", made.group, made.test_group)
    unknown = np.full(len(made.test_label), NO_VALUE)
    copies = Key("near_duplicate", "near_duplicate", np.arange(len(label)), unknown)
    choice = choose(candidates_of(copies, [key], plan, label), [key], len(unknown), None)
    context: Any = SimpleNamespace(table=SimpleNamespace(label=label), recipe=recipe)
    origins: Any = None
    relations = relation_figures(context, choice, (), KeyedRows(origins, copies, frozen))

    group = choice.chosen.group
    part = stratified_folds(label, [1 / plan.k] * plan.k, plan.seed, group)
    held = [np.flatnonzero(part == number) for number in range(plan.k)]
    right = np.zeros(len(label), dtype=bool)
    for rows in held:
        right[rows] = frozen.right_without(rows)
    folds = [(np.setdiff1d(np.arange(len(label)), rows), rows) for rows in held]
    left = units_left(label, group, folds, np.full(CLASSES, 1 / CLASSES))
    slope = measure_slope(label, group, frozen.right_without, RepeatedFolds(plan.k, plan.seed))
    every = frozen.head.without(np.zeros(0, dtype=np.int64)).scores(frozen.test_values).argmax(axis=1)
    truth = float((every == made.test_label).mean())
    certain = np.tile(np.eye(1, CLASSES), (len(every), 1))  # one network: nothing is averaged

    counted = OutOfFold(right, label, group, left, relations.choice_error, relations.known_change)
    columns = [float(right.mean()), frozen.head_accuracy(np.arange(len(label)), plan)]
    for one in (counted, replace(counted, choice_error=0.0, known_change=0.0)):
        found = make_claim(one, slope, certain, [])
        columns += [found.single, float(found.expected.low <= truth <= found.expected.high)]
    return [*columns, truth]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=12)
    seeds = parser.parse_args().seeds
    print(
        "| known test rows | out of fold, groups together | out of fold, groups apart | claim | truth | interval holds "
        "truth | without counting known groups: claim | interval holds truth |\n" + "| --- " * 8 + "|"
    )
    for known in range(TEST_FAMILIES):
        found = np.array([figures(known, seed) for seed in range(seeds)])
        together, apart, claim, holds, plain, plain_holds, truth = found.mean(axis=0)
        cells = [f"{100 * one:.1f}" for one in (together, apart, claim, truth)]
        others = f"{holds * seeds:.0f} of {seeds} | {100 * plain:.1f} | {plain_holds * seeds:.0f} of {seeds}"
        print(f"| {100 * known / TEST_FAMILIES:.0f} % | {' | '.join(cells)} | {others} |", flush=True)


if __name__ == "__main__":
    main()
