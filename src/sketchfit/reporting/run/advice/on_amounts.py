"""Rules on what there can be more of: networks, time, drawings."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from sketchfit.claims.averaging import MOST_OF_ERRORS, UNSURE_OF_GAIN
from sketchfit.config.recipe import Recipe
from sketchfit.reporting.run.advice.findings import AveragedNetworks, Findings, LearningSlope
from sketchfit.reporting.run.advice.recommendation import Advice, ExpectedGain, phrase

WORTH = 0.005
"""Smallest expected gain of more networks that is worth their time."""

_Z = 1.96


def more_networks(found: Findings, recipe: Recipe) -> list[Advice]:
    """Averaging networks gained, so that averaging more of them gains too; one network alone can be averaged."""
    averaged = found.averaged
    if averaged.count == 1 and (recipe.folds.holdout is not None or recipe.folds.train is not None):
        return [_several_folds(averaged, recipe)]
    gain = gain_of_networks(averaged)
    if recipe.folds.column is not None or recipe.folds.repeats > 10 or gain is None or gain.value < WORTH:
        return []
    return [
        Advice(
            "repeats",
            phrase("More networks would raise the accuracy of the average."),
            phrase(
                "Averaging {networks} gains {gain:.1f} points on the test drawings, estimated from how much "
                "they disagree.",
                networks=_networks(averaged),
                gain=100 * averaged.gain,
            ),
            phrase("train each fold {times} times, with other seeds", times=2 * recipe.folds.repeats),
            phrase("the expected gain of twice as many networks is {worth:.1f} points or more", worth=100 * WORTH),
            gain=gain,
            settings=(f"folds.repeats={2 * recipe.folds.repeats}",),
            anchor="claimed",
        )
    ]


def gain_of_networks(averaged: AveragedNetworks) -> ExpectedGain | None:
    """Return what twice as many networks gain on the test rows, from what the present ones gain.

    The error that averaging removes is what networks do not share; those of K folds leave a K-th of it. So they gain
    (1 - 1/K) of what infinitely many would gain, and twice as many gain 1/(2K) of it more.
    """
    limited = averaged.gain >= MOST_OF_ERRORS * (1 - averaged.single) - 1e-6  # then the networks do not show it
    if averaged.count < 2 or averaged.gain <= 0 or limited:
        return None
    value = averaged.gain / (2 * (averaged.count - 1))
    half = _Z * UNSURE_OF_GAIN * value
    return ExpectedGain(
        value, value - half, value + half, "on test drawings; the part on which the networks differ is halved again"
    )


def _networks(averaged: AveragedNetworks) -> str:
    """Return in words what is averaged."""
    several = averaged.repeats * averaged.members > 1
    return f"the networks of {averaged.count} folds" if several else f"{averaged.count} networks"


def _several_folds(averaged: AveragedNetworks, recipe: Recipe) -> Advice:
    networks = averaged.repeats * averaged.members
    settings = ("folds.holdout=null",) if recipe.folds.holdout is not None else ("folds.train=null",)
    return Advice(
        "all-folds",
        phrase(
            "{networks} trained, on a part of the drawings.",
            networks="One network was" if networks == 1 else f"The {networks} networks of one fold were",
        ),
        phrase(
            "With {k} folds every drawing is predicted once, which makes the interval shorter, and the prediction "
            "for a test drawing is the average over {k} folds.",
            k=recipe.folds.k,
        ),
        phrase("train all {k} folds, which takes about {k} times as long", k=recipe.folds.k),
        phrase("the run has the networks of one fold"),
        unknown="a single fold does not show how much networks of several folds disagree",
        settings=settings,
        anchor="headline",
    )


def more_time(found: Findings, _: Recipe) -> list[Advice]:
    """A run with a deadline had no time for a part of its plan."""
    left = found.left_out
    if left is None:
        return []
    return [
        Advice(
            "time",
            phrase("The time ended before everything was done."),
            phrase(
                "{units} of {planned} planned units of work were left out. They were expected to avoid {share:.0f} % "
                "of the errors, when they were planned.",
                units=left.units,
                planned=left.planned,
                share=100 * left.fewer_errors,
            ),
            phrase("give twice the time; the run plans again and continues with what is there"),
            phrase("a unit was dropped because it would not have ended in time"),
            unknown="what was expected comes from other data, and not from this run",
            options=("--time", f"{2 * left.seconds:.0f}s"),
            tool="again",
            anchor="plan",
        )
    ]


def more_drawings(found: Findings, _: Recipe) -> list[Advice]:
    """The slope of the learning curve was measured: more drawings raise the accuracy."""
    gain = None if found.learning is None else gain_of_drawings(found.learning)
    if gain is None or gain.low <= 0:
        return []
    return [
        Advice(
            "drawings",
            phrase("More drawings would raise the accuracy."),
            phrase(
                "The chance of a correct prediction grows with the number of unrelated drawings per class, measured on "
                "repeated folds."
            ),
            phrase("collect twice as many drawings per class, of other origins than those in the table"),
            phrase("the slope of the learning curve is measured on this table and is above 0"),
            gain=gain,
            tool="",
            anchor="claimed",
        )
    ]


def gain_of_drawings(learning: LearningSlope) -> ExpectedGain:
    """Return what twice as many groups per class gain, from the slope of the learning curve in log-odds."""
    odds = float(logit(np.clip(learning.single, 1e-3, 1 - 1e-3)))
    ends = [learning.slope + step * learning.error for step in (0.0, -_Z, _Z)]
    value, low, high = (float(expit(odds + slope * np.log(2))) - float(expit(odds)) for slope in ends)
    return ExpectedGain(value, low, high, "one network, with twice as many drawings; slope of the learning curve")
