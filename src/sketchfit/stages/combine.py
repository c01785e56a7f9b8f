"""Combining: every way of combining members is compared by nested estimates, and one of them is used."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference.arrays import Floats
from sketchfit.inference.choices import MEASURES, print_unused, unless_worse
from sketchfit.inference.diversity import Diversity, diversity
from sketchfit.inference.ensembling.compare import BASELINE, Comparison, MethodScore, compare_ensembles, methods_of
from sketchfit.inference.ensembling.rule import Rule
from sketchfit.inference.oof import Predictions, Rows
from sketchfit.inference.votes import combine_folds
from sketchfit.runs.artefacts import (
    EnsembleComparison,
    EnsembleWeights,
    MeasuredChoice,
    MemberFigures,
    MethodFigures,
    Step,
)
from sketchfit.stages.context import RunContext, RunState
from sketchfit.stages.products import Ensemble

log = logging.getLogger(__name__)


def combine(context: RunContext, state: RunState) -> RunState:
    """Combine the networks of each source, then the sources, by the way that the recipe names or the best one."""
    section = context.recipe.ensemble
    predictions = {}
    for name, found in state.predictions.items():
        refit = [state.refits[name]] if name in state.refits else []
        weights = [1.0] * len(found.test) + [context.recipe.refit.weight] * len(refit)
        predictions[name] = Predictions(found.oof, combine_folds([*found.test, *refit], section.folds, weights))
    ensemble = combine_members(predictions, state.rows, section, context.recipe.seed)
    steps = (*state.steps, *ensemble_steps(ensemble, state.rows))
    choices = state.choices if ensemble.choice is None else (*state.choices, ensemble.choice)
    return replace(state, ensemble=ensemble, steps=steps, choices=choices)


def ensemble_steps(ensemble: Ensemble, rows: Rows) -> list[Step]:
    """Return the out-of-fold accuracy of several members combined, and its gain over the best member."""
    if ensemble.comparison is None:
        return []
    best = None if ensemble.method == BASELINE else ensemble.comparison[BASELINE].prob
    return [rows.step(f"ensemble: {ensemble.method}", ensemble.predictions.oof, best)]


def combine_members(members: Mapping[str, Predictions], rows: Rows, section: EnsembleSection, seed: int) -> Ensemble:
    """Compare ways of combining members, and combine them by the one that the recipe names, or by the best.

    Where the best is taken, the way is chosen again without each fold for that fold's out-of-fold probabilities, so
    that the reported figure includes the cost of the choice. Where this nested accuracy is below that of the best
    member, the best member is used; it is compared as it is, and as it is chosen on other folds.
    """
    oof, test = [one.oof for one in members.values()], [one.test for one in members.values()]
    if len(members) == 1:
        return Ensemble("mean", Rule(np.ones(1)), Predictions(oof[0], test[0]), None, None)
    wanted = section.compare if section.method == "best" else (*section.compare, section.method)
    methods = methods_of(section, seed, (BASELINE, *wanted))
    by_name = {name: one.oof for name, one in members.items()}
    # Choosing inside all folds but one takes two folds there.
    choose = section.method == "best" and section.honest_choice and len(methods) > 1 and len(np.unique(rows.fold)) > 2
    comparison = compare_ensembles(by_name, rows, methods, choose)
    wanted_way = comparison.best if section.method == "best" else comparison[section.method]
    choice = _against_best_member(comparison, wanted_way, list(by_name.values()), rows, section)
    print_unused([] if choice is None else [choice])
    score = wanted_way if choice is not None and choice.used else comparison[BASELINE]
    own = _honest_prob(comparison, score)
    predictions = Predictions(own.astype(np.float32, copy=False), score.rule.predict(test))
    found = diversity(by_name, rows.label, rows.group)
    return Ensemble(score.name, score.rule, predictions, comparison, found, choice)


def _against_best_member(
    comparison: Comparison, score: MethodScore, oof: Sequence[Floats], rows: Rows, section: EnsembleSection
) -> MeasuredChoice | None:
    """Compare a way of combining with the best member: as it is, and as it is chosen on other folds.

    Returns:
        What decides against the way, or the comparison by which it is used. Where the best member is the way: what
        decides against the best of the others; None where nothing does.
    """
    best = comparison[BASELINE]
    if score is best:
        return _best_other(comparison, rows) if section.method == "best" else None
    name, prob, alone = f"ensemble by {score.name}", _honest_prob(comparison, score), best.rule.predict(oof)
    measured = [unless_worse(name, rows, one, prob, force=section.force) for one in (alone, best.prob)]
    return min(measured, key=lambda one: one.used)


def _honest_prob(comparison: Comparison, score: MethodScore) -> Floats:
    """Return the out-of-fold probabilities of a way, which include that it was chosen; of the best member its own."""
    chosen = comparison.honest_prob
    return score.prob if chosen is None or score.name == BASELINE else chosen


def _best_other(comparison: Comparison, rows: Rows) -> MeasuredChoice | None:
    """Return why the best method is not used where the best member is better, or as accurate with less log-loss."""
    best, others = comparison[BASELINE], [one for one in comparison.scores if one.name != BASELINE]
    if not others:
        return None
    other = Comparison(tuple(others), None).best
    by_accuracy, by_loss = (
        unless_worse(f"ensemble by {other.name}", rows, best.prob, other.prob, measure=measure) for measure in MEASURES
    )
    unused = [one for one in (by_accuracy, by_loss) if not one.used]
    return unused[0] if unused else None


def weights_record(ensemble: Ensemble, members: Sequence[str], folds: Literal["soft", "hard"]) -> EnsembleWeights:
    """Return what is stored of the rule for new rows.

    Args:
        ensemble: of the members.
        members: their names, in the order of the rule's weights.
        folds: how the networks of a member are merged.
    """
    rule = ensemble.rule
    return EnsembleWeights(
        method=ensemble.method,
        folds=folds,
        how=rule.how,
        weights=dict(zip(members, rule.weights.tolist(), strict=True)),
        bias=None if rule.bias is None else tuple(rule.bias.tolist()),
    )


def print_comparison(comparison: Comparison, members: Diversity, method: str) -> None:
    """Print the table of ways, and what each member contributes."""
    log.info("ways of combining, on out-of-fold rows (nested: fitted on other folds than it is scored on):")
    for line in comparison.table():
        used = "→" if line["method"] == method else " "
        gain = line["against the best member"]
        compared = f"; compared with the best member {gain}" if gain else ""
        log.info(
            f"{used} {line['method']:<16} nested {line['nested top-1']}, naive {line['naive top-1']}, "
            f"log-loss {line['log-loss']}{compared}"
        )
    if comparison.honest_choice is not None:
        log.info(f"  choosing the best of them, nested: {comparison.honest_choice}")
    weights = comparison[method].weights
    for place, name in enumerate(members.names):
        weight = f"weight {weights[name]:.2f}, " if name in weights else ""
        worth = f", adds {members.worth[place]} to the mean of the others" if members.worth else ""
        log.info(f"  {name}: {weight}alone {members.accuracy[place]}{worth}")


def comparison_record(comparison: Comparison, members: Diversity) -> EnsembleComparison:
    """Return what is stored of all ways of combining, and of the members."""
    return EnsembleComparison(
        methods=tuple(MethodFigures.model_validate(score) for score in comparison.scores),
        honest_choice=comparison.honest_choice,
        members={
            name: MemberFigures(
                top1=members.accuracy[place],
                worth=members.worth[place] if members.worth else None,
                disagreement=tuple(members.disagreement[place].tolist()),
                error_correlation=tuple(members.error_correlation[place].tolist()),
            )
            for place, name in enumerate(members.names)
        },
        any_right=members.any_right,
    )
