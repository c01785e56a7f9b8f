"""Rules on classes: mirror images of each other, pairs that are confused, classes of few drawings."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from sketchfit.config.recipe import Recipe
from sketchfit.config.transforms import TURNS
from sketchfit.reporting.run.advice.findings import ConfusedClasses, Findings
from sketchfit.reporting.run.advice.on_slices import gain_of_slice, trained_operations
from sketchfit.reporting.run.advice.recommendation import Advice, ExpectedGain, phrase, shown_name
from sketchfit.runs.proportions import wilson
from sketchfit.wording import listed

FEWEST = 5
"""Errors between two classes below which a pair is not mentioned."""

OF_ERRORS, OF_DRAWINGS = 0.1, 0.3
"""Share of all errors, and of the drawings of the two classes, from which a pair is mentioned."""

MIRRORED = 0.4
"""Share of the drawings of two classes that are predicted as the other from which they may be mirror images, which
flips in training make indistinguishable."""

UNEVEN = 5
"""How many times as many drawings as the smallest class the largest has."""


def mirrored_classes(found: Findings, recipe: Recipe) -> list[Advice]:
    """Training flips or turns drawings of classes that become another class by it."""
    if not found.turned or recipe.transforms.mirror != "keep":
        return []
    errors = sum(one.errors for one in found.turned)
    return [
        Advice(
            "mirror",
            phrase("Flips give drawings the label of another class."),
            phrase(
                "Flipped or turned, these classes become another one: {names}. {errors} drawings of them are predicted "
                "as the other class.",
                names=listed((f"{shown_name(one.first)} → {shown_name(one.second)}" for one in found.turned), 4),
                errors=errors,
            ),
            phrase("leave flips out for these classes only"),
            phrase("a flipped or turned drawing of a class looks like another class, and `transforms.mirror` is keep"),
            gain=_gain_of_pairs(errors, found.labels, "no drawing of these classes would be predicted as the other"),
            unknown="no drawing of these classes is predicted as the other one",
            settings=("transforms.mirror=auto",),
            urgent=True,
            anchor="confusions",
        )
    ]


def confused_classes(found: Findings, recipe: Recipe) -> list[Advice]:
    """Few pairs of classes make a large part of the errors."""
    wrong = found.labels * (1 - found.accuracy.value)
    pairs = [one for one in found.pairs if one.errors >= FEWEST and _stands_out(one, wrong)]
    if not pairs or found.class_count < 3:
        return []
    errors = sum(one.errors for one in pairs)
    return [
        Advice(
            "pairs",
            phrase("Few pairs of classes make many of the errors."),
            phrase(
                "{names}: {errors} of {wrong:.0f} errors.",
                names=listed(
                    (f"{shown_name(one.first)} and {shown_name(one.second)} ({one.errors})" for one in pairs), 3
                ),
                errors=errors,
                wrong=wrong,
            ),
            _what_to_do(pairs, found, recipe),
            phrase(
                "{fewest} errors or more between two classes, which are {errors:.0f} % of all errors or "
                "{drawings:.0f} % of their drawings",
                fewest=FEWEST,
                errors=100 * OF_ERRORS,
                drawings=100 * OF_DRAWINGS,
            ),
            gain=_gain_of_pairs(errors, found.labels, "none of these errors would remain"),
            tool="",
            anchor="confusions",
        )
    ]


def _what_to_do(pairs: Sequence[ConfusedClasses], found: Findings, recipe: Recipe) -> Markup:
    known = {frozenset((one.first, one.second)) for one in found.turned}  # training leaves their flips out
    open_pairs = [one for one in pairs if frozenset((one.first, one.second)) not in known]
    flips = recipe.transforms.mirror != "never" and bool(trained_operations(recipe) & set(TURNS))
    hardly = flips and any(one.errors >= MIRRORED * one.drawings for one in open_pairs)
    return phrase(
        "look at these drawings: correct mixed labels, write down what distinguishes the classes, or join classes that "
        "nobody can distinguish"
        + (
            "; where one class is the mirror image of the other, train without flips (`transforms.mirror=never`)"
            * hardly
        )
    )


def few_drawings(found: Findings, _: Recipe) -> list[Advice]:
    """Class sizes differ widely, and small classes are less accurate."""
    if found.largest_class < UNEVEN * max(found.smallest_class, 1):
        return []
    weak = next((one for one in found.sizes if one.weak), None)
    small = (
        ""
        if weak is None
        else (
            f" Of {weak.accuracy.n:,} drawings in {weak.name}, {100 * weak.accuracy.value:.1f} % are right, "
            f"{-100 * weak.difference:.1f} points fewer than of the others."
        )
    )
    return [
        Advice(
            "weights",
            phrase("Class sizes differ widely."),
            phrase(
                "The smallest class has {smallest} drawings, the largest {largest}.{small}",
                smallest=f"{found.smallest_class:,}",
                largest=f"{found.largest_class:,}",
                small=small,
            ),
            phrase("weight classes by their effective number of drawings, or collect drawings of small classes"),
            phrase("the largest class is at least {times} times as large as the smallest", times=UNEVEN),
            gain=None if weak is None else gain_of_slice(weak, found.labels),
            unknown="small classes are not shown to be less accurate",
            settings=("loss.class_weights=effective",),
            anchor="classes",
        )
    ]


def _stands_out(pair: ConfusedClasses, wrong: float) -> bool:
    return pair.errors >= OF_ERRORS * wrong or pair.errors >= OF_DRAWINGS * pair.drawings


def _gain_of_pairs(errors: int, rows: int, why: str) -> ExpectedGain | None:
    if not errors:
        return None
    found = wilson(errors, rows)
    return ExpectedGain(found.value, found.low, found.high, why, most=True)
