"""Rules on what the figures rest on: the folds, the networks of the folds, the claim, the number of drawings."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from sketchfit.claims.averaging import UNSURE_OF_GAIN
from sketchfit.config.recipe import Recipe
from sketchfit.reporting.run.advice.findings import AveragedNetworks, Findings, LearningSlope
from sketchfit.reporting.run.advice.recommendation import Advice, ExpectedGain, phrase, shown_name
from sketchfit.wording import counted, listed

WORTH = 0.005
"""Smallest expected gain of more networks that is worth their time."""

_Z = 1.96


def contradicted(found: Findings, _: Recipe) -> list[Advice]:
    """The test drawings do not look like what is claimed."""
    if found.contradiction is None:
        return []
    action = phrase(
        "name what related drawings share with `folds.group`: a column of the table, or a part of the file names. "
        "Trust the lower figure until the cause is known"
    )
    if found.drifted:
        action = phrase(
            "make training drawings like the test drawings, with operations in `transforms.add` (see What drifted). "
            "Trust the lower figure until then"
        )
    return [
        Advice(
            "claim",
            phrase("The test drawings contradict the claim."),
            phrase("{text}", text=found.contradiction),
            action,
            phrase("claim and estimate without labels differ by more than splits without a shift show"),
            unknown="the cause is not known",
            tool="",
            urgent=True,
            anchor="drift" if found.drifted else "claimed",
        )
    ]


def separated(found: Findings, recipe: Recipe) -> list[Advice]:
    """The folds separate related drawings, since their grouping was set by hand."""
    if not found.separated or recipe.folds.group == "auto":
        return []
    return [
        Advice(
            "grouped",
            phrase("Folds separate related drawings."),
            phrase(
                "Drawings are related by {keys}, and `folds.group={group}` does not keep them together. Out-of-fold "
                "figures may be too high.",
                keys=" and ".join(found.separated),
                group=recipe.folds.group,
            ),
            phrase("keep related drawings together where the test set shows new groups"),
            phrase("a related key is not kept together, and `folds.group` is set by hand"),
            unknown="the figures become honest, not higher",
            settings=("folds.group=auto",),
            urgent=True,
        )
    ]


def lacking_classes(found: Findings, recipe: Recipe) -> list[Advice]:
    """The network of a fold had no drawing of a class that the fold validates."""
    lacking = found.lacking
    if not lacking.rows:
        return []
    share, rest = lacking.rows / found.labels, found.accuracy
    scale = share * found.labels / max(found.labels - lacking.rows, 1)  # accuracy of the other rows, times the share
    more = lacking.single < len(lacking.names) and found.averaged.count > 1 and recipe.folds.column is None
    return [
        Advice(
            "folds",
            phrase("Some folds have classes without training drawings."),
            phrase(
                "{rows} of {classes}: no drawing of the class was left to train on, so no answer to them can be right "
                "({names}).",
                rows=counted(lacking.rows, "drawing"),
                classes=f"{len(lacking.names)} {'class' if len(lacking.names) == 1 else 'classes'}",
                names=listed(map(shown_name, lacking.names), 4),
            ),
            phrase("use more folds, which leave more drawings of each class for training")
            if more
            else phrase("collect drawings of these classes that are not related to those in the table"),
            phrase("all drawings of a class are in one fold"),
            gain=ExpectedGain(
                scale * rest.value,
                scale * rest.low,
                min(scale * rest.high, share),
                f"these drawings are {100 * share:.1f} % of all, and would be right as often as the others",
            ),
            settings=(f"folds.k={2 * recipe.folds.k}",) if more and recipe.folds.holdout is None else (),
            tool="run" if more and recipe.folds.holdout is None else "",
            anchor="classes",
        )
    ]


def uneven_folds(found: Findings, _: Recipe) -> list[Advice]:
    """The drawings of one fold are more difficult than those of the others."""
    weak = [one for one in found.folds if one.weak]
    if not weak:
        return []
    return [
        Advice(
            "uneven",
            phrase("Folds differ by more than chance."),
            phrase(
                "{text}.",
                text="; ".join(
                    f"{one.name}: {100 * one.accuracy.value:.1f} % of {one.accuracy.n:,} drawings are right, "
                    f"{-100 * one.difference:.1f} points fewer than in the other folds"
                    for one in weak[:3]
                ),
            ),
            phrase(
                "look at the drawings of this fold for what they have in common, such as one drawer or one scanner: "
                "new drawings of other origins can be as difficult"
            ),
            phrase("a fold is worse than the others with p < 0.05 after Holm's correction"),
            unknown="it shows how much accuracy depends on the origin of the drawings",
            tool="",
            anchor="training",
        )
    ]


def more_networks(found: Findings, recipe: Recipe) -> list[Advice]:
    """Averaging networks gained, so that averaging more of them gains too; one network alone can be averaged."""
    averaged = found.averaged
    if averaged.count == 1 and (recipe.folds.holdout is not None or recipe.folds.train is not None):
        return [_several_folds(recipe)]
    gain = gain_of_networks(averaged)
    if recipe.folds.column is not None or recipe.folds.repeats > 10 or gain is None or gain.value < WORTH:
        return []
    return [
        Advice(
            "repeats",
            phrase("More networks would raise the accuracy of the average."),
            phrase(
                "Averaging {count} networks gains {gain:.1f} points on the test drawings, measured by how much they "
                "disagree.",
                count=averaged.count,
                gain=100 * averaged.gain,
            ),
            phrase("train the folds twice, with other seeds: {count} networks", count=2 * averaged.count),
            phrase("the expected gain of twice as many networks is {worth:.1f} points or more", worth=100 * WORTH),
            gain=gain,
            settings=(f"folds.repeats={2 * recipe.folds.repeats}",),
            anchor="claimed",
        )
    ]


def gain_of_networks(averaged: AveragedNetworks) -> ExpectedGain | None:
    """Return what twice as many networks gain on the test rows, from what the present ones gain.

    The error that averaging removes is what networks do not share; K networks leave a K-th of it. So they gain
    (1 - 1/K) of what infinitely many would gain, and twice as many gain 1/(2K) of it more.
    """
    if averaged.count < 2 or averaged.gain <= 0:
        return None
    value = averaged.gain / (2 * (averaged.count - 1))
    half = _Z * UNSURE_OF_GAIN * value
    return ExpectedGain(
        value, value - half, value + half, "on test drawings; the part on which the networks differ is halved again"
    )


def _several_folds(recipe: Recipe) -> Advice:
    settings = ("folds.holdout=null",) if recipe.folds.holdout is not None else ("folds.train=null",)
    return Advice(
        "all-folds",
        phrase("One network was trained, on a part of the drawings."),
        phrase(
            "With {k} folds every drawing is predicted once, which makes the interval shorter, and the answer for the "
            "test drawings is the average of {k} networks.",
            k=recipe.folds.k,
        ),
        phrase("train all {k} folds, which takes about {k} times as long", k=recipe.folds.k),
        phrase("the run has one network"),
        unknown="a single network does not show how much networks disagree",
        settings=settings,
        anchor="headline",
    )


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
                "The chance of a right answer grows with the number of unrelated drawings per class, measured on "
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
