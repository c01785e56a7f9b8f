"""What is recorded of related rows: the tested keys, the groupings that folds could use, and the chosen one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import logit

from sketchfit.data.folds import crossing_pairs, stratified_folds
from sketchfit.relations.choice import Grouping, GroupingChoice, known_groups, shared_with_test
from sketchfit.relations.key import Key, joined, keeps_together, own_groups
from sketchfit.relations.levels import error_of_level
from sketchfit.relations.ranking import Tested
from sketchfit.runs.artefacts import GroupingFigures, KeyFigures, Relations
from sketchfit.runs.artefacts.relations import CLUSTERS
from sketchfit.runs.few_groups import independent_groups
from sketchfit.stages.context import RunContext
from sketchfit.stages.relation_choice import KeyedRows, fold_plan

UNSURE_OF_KNOWN = 0.5
"""Standard error of the change by test rows of known groups, as a share of it: a trained network may gain more or less
than the head that it is measured with, from nothing to twice as much."""


def relation_figures(
    context: RunContext, choice: GroupingChoice, tested: tuple[Tested, ...], rows: KeyedRows
) -> Relations:
    """Return the figures of all keys and groupings."""
    label, plan = context.table.label, fold_plan(context.recipe)
    plain = stratified_folds(label, [1 / plan.k] * plan.k, plan.seed)
    keys = [
        KeyFigures(
            name=one.key.name,
            origin=one.key.origin,
            groups=one.evidence.groups,
            smallest=one.evidence.sizes[0],
            median=one.evidence.sizes[1],
            largest=one.evidence.sizes[2],
            effect=one.evidence.effect,
            z=one.evidence.z,
            p=one.evidence.p,
            hit_rate=one.evidence.hit_rate,
            expected_hit_rate=one.evidence.expected_hit_rate,
            related=one.evidence.related,
            verdict=one.verdict,
            other=one.other,
            crossing_pairs=crossing_pairs(plain, own_groups(one.key.train)),
            shared_with_test=shared_with_test(one.key),
            kept=_kept(choice.chosen, one.key),
        )
        for one in tested
    ]
    known = None if rows.frozen is None else known_groups(choice)  # the change is that of a head on features
    groupings = [
        GroupingFigures(
            name=one.name,
            groups=one.groups,
            higher=found.higher if (found := choice.resemblances.get(one.name)) else None,
            error=found.error if found else None,
            head_top1=None if rows.frozen is None else rows.frozen.head_accuracy(one.group, plan),
        )
        for one in choice.candidates
    ]
    change = 0.0 if known is None else _change_by_known(choice.chosen, *known, groupings)
    return Relations(
        setting=context.recipe.folds.group,
        chosen=choice.chosen.name,
        reason=choice.reason,
        keys=tuple(sorted(keys, key=lambda one: (not one.related, -abs(one.z)))),
        groupings=tuple(groupings),
        choice_error=float(np.hypot(_choice_error(choice.chosen, groupings), UNSURE_OF_KNOWN * change)),
        known_share=0.0 if known is None else known[0],
        known_change=change,
        test_groups=_test_groups(choice.chosen, [*(one.key for one in tested), *choice.set_keys]),
        warning=_warning(choice),
    )


def _test_groups(chosen: Grouping, keys: Sequence[Key]) -> float | None:
    """Return how many equal groups those of the test rows are worth; None where no key of the grouping names them."""
    naming = [one for one in keys if one.name in chosen.keys and shared_with_test(one) is not None]
    if not naming:
        return None
    sizes = np.unique(own_groups(joined(chosen.name, naming).test), return_counts=True)[1]
    return independent_groups(sizes)


def _change_by_known(chosen: Grouping, share: float, without: Grouping, groupings: Sequence[GroupingFigures]) -> float:
    """Return the change of the log-odds of a right prediction, if a share of the rows is of known groups.

    It is that of a head, whose accuracy on these rows is that with folds that separate the groups.
    """
    top1 = {one.name: one.head_top1 for one in groupings}
    new, known = top1[chosen.name], top1[without.name]
    if new is None or known is None:
        return 0.0
    mixed = share * known + (1 - share) * new
    return float(np.diff(logit(np.clip([new, mixed], 0.01, 0.99)))[0])


def _warning(choice: GroupingChoice) -> str:
    """Return that validation rows are clearly easier than test rows with the chosen grouping; empty if they are not."""
    own = choice.resemblances.get(choice.chosen.name)
    if own is None or not own.too_easy:
        return ""
    return (
        f"a head is more certain of a validation row than of a test row in {100 * own.higher:.0f} % of all pairs, and "
        "no relation that was found explains it. The test set shows sessions, drawers or objects that nothing names, "
        "or other kinds of drawings, so the figures may be too high. If you know what related rows share, set "
        "folds.group to it"
    )


def _kept(chosen: Grouping, key: Key) -> bool:
    """Return whether the folds keep the groups of a key together, up to moved copies."""
    named = key.name in chosen.keys
    return chosen.name != "none" and (named or keeps_together(chosen.group, own_groups(key.train)))


def _choice_error(chosen: Grouping, groupings: Sequence[GroupingFigures]) -> float:
    """Return the standard error, in log-odds, of an accuracy with clusters; 0 for groups that something names."""
    if not any(name.startswith(CLUSTERS) for name in chosen.keys):
        return 0.0
    measured = [
        (one.higher, one.head_top1) for one in groupings if one.higher is not None and one.head_top1 is not None
    ]
    error = next(one.error or 0.0 for one in groupings if one.name == chosen.name)
    return error_of_level([one[0] for one in measured], [one[1] for one in measured], error)
