"""The relation that the folds keep together: the one that the recipe names, or the one that the test set suggests."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import crossing_pairs
from sketchfit.errors import UserError
from sketchfit.relations.choice import (
    Grouping,
    GroupingChoice,
    candidates_of,
    choose,
    set_by_recipe,
    with_clusters,
    with_copies,
    with_resemblance,
)
from sketchfit.relations.key import NO_VALUE, Key, joined, own_groups
from sketchfit.relations.levels import MOST_OF_CLASS, cluster_levels
from sketchfit.relations.origins import Origins
from sketchfit.relations.ranking import Tested
from sketchfit.relations.resemblance import FoldPlan, Resemblance, resemblances
from sketchfit.relations.syntax import KnownGroups, group_of, keys_of, parse_group
from sketchfit.runs.artefacts.relations import CLUSTERS
from sketchfit.stages.context import RunContext
from sketchfit.stages.frozen_rows import FrozenRows
from sketchfit.wording import counted

log = logging.getLogger(__name__)

Ints = NDArray[np.int64]

FEWEST_TEST_ROWS = 50
"""With fewer, the certainty on test rows is not compared."""


@dataclass(frozen=True)
class KeyedRows:
    """Facts about the rows of both tables.

    Attributes:
        origins: names, columns and EXIF fields.
        copies: groups of near-duplicates.
        frozen: features; None where there are none.
    """

    origins: Origins
    copies: Key
    frozen: FrozenRows | None


def choose_grouping(context: RunContext, rows: KeyedRows, tested: tuple[Tested, ...], drifts: bool) -> GroupingChoice:
    """Return the grouping that the recipe names, or the one with which validation resembles the test set."""
    setting, plan = context.recipe.folds.group, fold_plan(context.recipe)
    if setting != "auto":
        return _by_hand(setting, plan, rows, tested)
    # Within one class, a key is the same as across classes.
    related = [one.key for one in tested if one.verdict == "related" or (one.verdict == "part" and not one.key.nested)]
    candidates = candidates_of(rows.copies, related, plan, context.table.label)

    frozen = rows.frozen
    if frozen is None:
        found = choose(candidates, related, 0, None)
        return replace(found, reason="relations were not tested, as there are no frozen features")

    def compare(groupings: Mapping[str, Ints]) -> dict[str, Resemblance]:
        of_row = {name: group[frozen.row] for name, group in groupings.items()}
        return resemblances(frozen.judge, frozen.label, len(frozen.test_values), of_row, plan)

    comparable = len(frozen.test_values) >= FEWEST_TEST_ROWS
    choice = choose(candidates, related, len(rows.origins.test), compare if comparable else None)
    if not comparable:
        return choice
    choice = with_resemblance(choice, compare)
    if drifts or not choice.resemblances[choice.chosen.name].too_easy:
        return choice
    return with_clusters(choice, _levels(rows, frozen), compare)


def _levels(rows: KeyedRows, frozen: FrozenRows) -> list[Grouping]:
    """Return groupings by clusters of similar rows, which keep near-duplicates together too."""
    if large := int((np.bincount(frozen.label) > MOST_OF_CLASS).sum()):
        classes = f"{counted(large, 'class')} with more than {MOST_OF_CLASS:,} rows"
        log.info(f"note: clusters of similar rows are not searched in {classes}")
    found = []
    for size, group in cluster_levels(frozen.values, frozen.label).items():
        of_row = np.full(len(rows.copies.train), NO_VALUE, dtype=np.int64)
        of_row[frozen.row] = group
        clusters = Key(f"{CLUSTERS} of {size:g} rows", "cluster", of_row, rows.copies.test, nested=True)
        name = f"{clusters.name} + {rows.copies.name}"
        found.append(Grouping(name, own_groups(joined(name, [clusters, rows.copies]).train), (clusters.name,)))
    return found


def _by_hand(setting: str, plan: FoldPlan, rows: KeyedRows, tested: tuple[Tested, ...]) -> GroupingChoice:
    """Return the grouping of the recipe, with near-duplicates together unless it is `none`."""
    clusters = next((one.key.train for one in tested if one.key.origin == "cluster"), None)
    known = KnownGroups(rows.copies.train, clusters)
    parts = parse_group(setting, tuple(rows.origins.train.columns))
    if clusters is None and any(part.source == "cluster" for part in parts):
        raise UserError(
            "folds.group: no tight clusters of drawings within a class were found",
            "Set folds.group=auto, or name what relates the rows. Clusters need claim.enabled=true.",
        )
    if setting == "none":  # intervals still count copies as one row
        return set_by_recipe(Grouping(setting, own_groups(rows.copies.train)), (), rows.copies, plan)
    key = group_of(setting, rows.origins, known)
    keys = [one for one in keys_of(setting, rows.origins, known) if one.origin != "near_duplicate"]
    name = setting if setting == rows.copies.name else f"{setting} + {rows.copies.name}"
    chosen = Grouping(name, with_copies(key, rows.copies, plan), tuple(one.name for one in keys))
    choice = set_by_recipe(chosen, keys, rows.copies, plan)
    separated = crossing_pairs(chosen.group, own_groups(key.train))
    if not separated:
        return choice
    pairs = counted(separated, "pair")
    more = f"{pairs} of rows that it relates may be in different folds, as near-duplicates would join too many"
    return replace(choice, reason=f"{choice.reason}; {more}")


def fold_plan(recipe: Recipe) -> FoldPlan:
    """Return the number of parts of the rows, and the seed of the folds."""
    folds = recipe.folds
    parts = folds.k if folds.holdout is None else max(2, round(1 / folds.holdout))
    return FoldPlan(parts, recipe.seed if folds.seed is None else folds.seed)
