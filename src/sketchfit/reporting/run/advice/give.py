"""Applies all rules: what would change nothing is left out, the urgent comes first, then the largest expected gain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sketchfit.config.load import load_recipe
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.errors import UserError
from sketchfit.reporting.run.advice.findings import Findings
from sketchfit.reporting.run.advice.member_settings import for_members
from sketchfit.reporting.run.advice.on_amounts import more_drawings, more_networks, more_time
from sketchfit.reporting.run.advice.on_classes import confused_classes, few_drawings, mirrored_classes
from sketchfit.reporting.run.advice.on_drawings import doubtful_labels, uncalibrated, unreadable_drawings
from sketchfit.reporting.run.advice.on_folds import contradicted, lacking_classes, separated, uneven_folds
from sketchfit.reporting.run.advice.on_learning import does_not_learn, failed_networks
from sketchfit.reporting.run.advice.on_slices import sensitive, weak_slices
from sketchfit.reporting.run.advice.on_training import overfits, too_few_epochs, underfits
from sketchfit.reporting.run.advice.recommendation import Advice

MOST = 7
"""Recommendations on a page."""

Rule = Callable[[Findings, Recipe], list[Advice]]

RULES: Sequence[Rule] = (
    does_not_learn,
    failed_networks,
    contradicted,
    separated,
    mirrored_classes,
    lacking_classes,
    unreadable_drawings,
    too_few_epochs,
    more_networks,
    more_drawings,
    more_time,
    underfits,
    overfits,
    weak_slices,
    uneven_folds,
    confused_classes,
    few_drawings,
    doubtful_labels,
    sensitive,
    uncalibrated,
)
"""In the order in which recommendations without a gain are listed."""

AFTER_LEARNING = ("learning", "pretrained", "claim", "grouped", "mirror", "folds", "readable")
"""What matters to a run that has learnt nothing; the rest would be read off noise."""


def give_advice(found: Findings, recipe: Recipe) -> list[Advice]:
    """Apply all rules.

    Args:
        found: the findings.
        recipe: of the run.

    Returns:
        At most `MOST`, no two with the same settings: the urgent ones, then those with a gain, the largest first, then
        the others.
    """
    members = member_recipes(recipe)
    own = next((one for one in members.values() if one.training.epochs), next(iter(members.values())))
    given = [advice for rule in RULES for advice in rule(found, own)]
    if found.judged is None or does_not_learn(found, own):
        given = [one for one in given if one.name in AFTER_LEARNING]
    useful = [one for advice in given if (one := _applied(advice, recipe)) is not None]
    ordered = sorted(useful, key=_order)
    return _without_repetition(ordered)[:MOST]


def _order(one: Advice) -> tuple[bool, float]:
    """Urgent ones keep the order of the rules; so do those without a gain, at the end."""
    return not one.urgent, -one.gain.rank if one.gain and not one.urgent else 0.0


def _applied(advice: Advice, recipe: Recipe) -> Advice | None:
    """Return the recommendation with its settings for all members; None where they change nothing."""
    if not advice.settings:
        return advice
    settings = tuple(one for setting in advice.settings for one in for_members(recipe, setting, advice.factor))
    before = recipe.model_dump(mode="json")
    try:
        after = load_recipe(before, settings)
    except UserError:  # the setting contradicts others of this recipe, which the user has to resolve
        return replace(advice, settings=(), tool="")
    return None if after.model_dump(mode="json") == before else replace(advice, settings=settings)


def _without_repetition(advice: Sequence[Advice]) -> list[Advice]:
    kept: list[Advice] = []
    for one in advice:
        if not any(one.name == other.name or (one.settings and one.settings == other.settings) for other in kept):
            kept.append(one)
    return kept
