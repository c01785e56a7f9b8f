"""What is known of a chosen network: its weights, its accuracy, and how images are prepared for it."""

from __future__ import annotations

import numpy as np

from sketchfit.bundle.manifest import Accuracy, NetworkFacts, Preprocessing, SetThresholds, UnknownRule
from sketchfit.bundle.unknown_rule import make_unknown_rule
from sketchfit.candidates.origin import weights_origin
from sketchfit.commands.bundle.chosen_network import ChosenNetwork, HeldOut
from sketchfit.config.recipe import Recipe
from sketchfit.data.stores import store_settings
from sketchfit.inference.calibration import Temperature
from sketchfit.inference.intervals import accuracy, paired_difference
from sketchfit.inference.oof import rows_of
from sketchfit.inference.oof_sets import conformal_sets
from sketchfit.inference.unlearnt import ENOUGH, KnownRows, network_reference
from sketchfit.models.network import Network
from sketchfit.runs.estimates import Difference
from sketchfit.runs.run import Run

COVERAGES = (0.8, 0.9, 0.95, 0.99)
"""Of the prediction sets whose thresholds a bundle has, besides that of the recipe."""

_MEASURED_ON = {
    "student": "{n:,} training rows, each by the student that did not learn from it",
    "fold": "{n:,} training rows, each by the network of its fold, which did not learn from it",
    "refit": "the networks of single folds, on {n:,} rows that they did not learn from; this one learnt from all rows",
    "soup": "the networks that it averages, on {n:,} rows that they did not learn from; it learnt from all rows",
}
_NOT_MEASURED = "not measured: no row was held out of its training"


def network_facts(chosen: ChosenNetwork, network: Network) -> NetworkFacts:
    """Return what the network is."""
    model = chosen.recipe.model
    origin = weights_origin(model)
    return NetworkFacts(
        source=chosen.source,
        name=chosen.name,
        architecture=model.backbone.partition(".")[0],
        parameters=sum(one.numel() for one in network.model.parameters()),
        weights_from=origin.name,
        licence=origin.licence,
    )


def accuracy_of(run: Run, chosen: ChosenNetwork) -> Accuracy:
    """Return what is known of the accuracy of a network and of the run that it is from."""
    measured, claim = chosen.measured, run.claim
    answer = _answer(run)
    label_free = None if claim is None else claim.label_free
    return Accuracy(
        network=None if measured is None else accuracy(measured.right, measured.rows.group),
        measured_on=_NOT_MEASURED if measured is None else _MEASURED_ON[chosen.source].format(n=len(measured.prob)),
        ensemble=None if answer is None else accuracy(answer.right, answer.rows.group),
        difference=None if measured is None or answer is None else _difference(run, answer, measured),
        claim=None if claim is None else claim.expected,
        averaging=0.0 if claim is None else claim.averaging,
        without_labels=None if label_free is None else label_free.accuracy,
        alarm=claim is not None and claim.alarm,
    )


def preprocessing_of(recipe: Recipe) -> Preprocessing:
    """Return how images become the input of a member's networks."""
    settings = store_settings(recipe)
    return Preprocessing(
        max_pixels=settings.max_pixels,
        channels=recipe.data.picture_channels,
        resize=settings.resize,
        stored=settings.size,
        size=recipe.model.size,
    )


def set_thresholds(run: Run, chosen: ChosenNetwork) -> SetThresholds | None:
    """Return the thresholds of prediction sets by the calibrated network; None where no row was held out."""
    measured, section = chosen.calibrated, run.recipe.calibration
    if measured is None:
        return None
    coverages = sorted({*COVERAGES, *([] if section.sets is None else [section.sets])})
    rules = [conformal_sets(measured.prob, measured.rows, one, section.set_score) for one in coverages]
    finite = {f"{rule.coverage:g}": rule.threshold for rule in rules if np.isfinite(rule.threshold)}
    return SetThresholds(score=section.set_score, thresholds=finite, n=rules[0].n) if finite else None


def unknown_rule(run: Run, chosen: ChosenNetwork) -> UnknownRule | None:
    """Return the rule that finds images of unknown classes; None where the network has learnt all rows there are.

    Without enough test rows it rests on the rows of all folds, each by its own network: the rows of the chosen fold are
    those that are answered best by chance.
    """
    by_test_rows, measured = network_reference(run, chosen.folder), chosen.measured
    found = [] if by_test_rows is None else [by_test_rows]
    if measured is not None and (by_test_rows is None or by_test_rows.families < ENOUGH):
        group = measured.rows.group
        found.append(KnownRows(measured.prob, np.arange(len(measured.prob)) if group is None else group))
    if not found:
        return None
    reference = max(found, key=lambda one: one.families)
    prob = Temperature(chosen.temperature).apply(reference.prob)
    return make_unknown_rule(prob, reference.group, share=reference.share)


def _answer(run: Run) -> HeldOut | None:
    """Return the out-of-fold answer of the run: all networks, views and stages."""
    if not run.has("oof"):
        return None
    found = run.oof()
    return HeldOut(rows_of(run.rows, found.row), found.prob)


def _difference(run: Run, first: HeldOut, second: HeldOut) -> Difference | None:
    """Return the second accuracy minus the first on the rows that both have; None where there are none."""
    row, left, right = np.intersect1d(first.rows.row, second.rows.row, return_indices=True)
    if not len(row):
        return None
    return paired_difference(first.right[left], second.right[right], rows_of(run.rows, row).group)
