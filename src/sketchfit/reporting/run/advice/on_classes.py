"""Rules on classes: mirror images of each other, pairs that are confused, classes of few drawings."""

from __future__ import annotations

from markupsafe import Markup

from sketchfit.config.recipe import Recipe
from sketchfit.reporting.run.advice.findings import ConfusedClasses, Findings
from sketchfit.reporting.run.advice.on_slices import gain_of_slice
from sketchfit.reporting.run.advice.recommendation import Advice, ExpectedGain, phrase, shown_name
from sketchfit.reporting.run.weak_classes import often_confused
from sketchfit.runs.proportions import wilson
from sketchfit.wording import counted, listed

FEWEST = 5
"""Errors between two classes below which a pair is not mentioned."""

MOST_PAIRS = 5
"""Pairs that are mentioned; further ones only with as many errors as the last of them."""

OF_ERRORS = 0.1
"""Share of all errors from which these pairs are worth a recommendation."""

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
            gain=_gain_of_pairs(errors, found.labels, f"if all {errors} errors disappeared"),
            unknown="no drawing of these classes is predicted as the other one",
            settings=("transforms.mirror=auto",),
            urgent=True,
            anchor="confusions",
        )
    ]


def confused_classes(found: Findings, _: Recipe) -> list[Advice]:
    """Few pairs of classes make a large part of the errors."""
    wrong = round(found.labels * (1 - found.accuracy.value))
    pairs = _confused_pairs(found, wrong)
    errors = sum(one.errors for one in pairs)
    if not pairs or errors < OF_ERRORS * wrong:
        return []
    which = "One pair of classes makes" if len(pairs) == 1 else f"{len(pairs)} pairs of classes make"
    return [
        Advice(
            "pairs",
            phrase("{which} {share:.0f} % of the errors.", which=which, share=100 * errors / wrong),
            phrase(
                "{names}: {errors} of {wrong:,} errors.",
                names=listed(
                    (f"{shown_name(one.first)} and {shown_name(one.second)} ({one.errors})" for one in pairs),
                    MOST_PAIRS,
                ),
                errors=errors,
                wrong=wrong,
            ),
            _what_to_do(found),
            phrase("these classes are confused more often than chance explains, related drawings counted once"),
            gain=_gain_of_pairs(errors, found.labels, f"if all {errors} errors disappeared"),
            tool="",
            anchor="confusions",
        )
    ]


def _confused_pairs(found: Findings, wrong: int) -> list[ConfusedClasses]:
    """Return the pairs that chance does not explain: the first ones, and those with as many errors as the last."""
    if found.class_count < 3:
        return []
    many = [one for one in found.pairs if one.errors >= FEWEST and confused_beyond_chance(one, wrong, found)]
    return [one for one in many if one.errors >= many[:MOST_PAIRS][-1].errors]


def confused_beyond_chance(one: ConfusedClasses, wrong: int, found: Findings) -> bool:
    """Return whether chance does not explain the errors of a pair, of `wrong` errors in all."""
    if one.units is None or found.wrong is None:
        return often_confused(one.errors, wrong, found.class_count, one.chance)
    return often_confused(one.units, found.wrong, found.class_count, one.chance)


def _what_to_do(found: Findings) -> Markup:
    labels = "correct mixed labels, " if found.doubtful or found.copies else ""
    return phrase(
        f"look at these drawings: {labels}write down what distinguishes the classes, or join classes that nobody can "
        "distinguish"
    )


def few_drawings(found: Findings, recipe: Recipe) -> list[Advice]:
    """Class sizes differ widely; where small classes are less accurate, weights of classes may help."""
    weak = next((one for one in found.sizes if one.weak), None)
    if found.largest_class < UNEVEN * max(found.smallest_class, 1):
        return []
    if weak is None and recipe.loss.class_weights != "none":
        return []
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
                "The smallest class has {smallest}, the largest {largest}.{small}",
                smallest=counted(found.smallest_class, "drawing"),
                largest=f"{found.largest_class:,}",
                small=small,
            ),
            phrase("collect drawings of small classes")
            if weak is None
            else phrase("weight classes by their effective number of drawings, or collect drawings of small classes"),
            phrase("the largest class is at least {times} times as large as the smallest", times=UNEVEN),
            gain=None if weak is None else gain_of_slice(weak, found.labels),
            unknown="small classes are not shown to be less accurate",
            settings=() if weak is None else ("loss.class_weights=effective",),
            tool="" if weak is None else "run",
            anchor="classes",
        )
    ]


def _gain_of_pairs(errors: int, rows: int, why: str) -> ExpectedGain | None:
    if not errors:
        return None
    found = wilson(errors, rows)
    return ExpectedGain(found.value, found.low, found.high, why, most=True)
