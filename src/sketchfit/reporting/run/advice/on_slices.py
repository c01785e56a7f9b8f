"""Rules on weak slices, and on changes of the input that lower the accuracy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from sketchfit.config.policies import policy_of
from sketchfit.config.recipe import Recipe
from sketchfit.errors import UserError
from sketchfit.inference.intervals import Difference
from sketchfit.reporting.run.advice.findings import Findings
from sketchfit.reporting.run.advice.recommendation import Advice, ExpectedGain, phrase
from sketchfit.reporting.run.compare_slices import HIGHEST, LOWEST, MIDDLE, Slice
from sketchfit.reporting.run.slice_tree import TREE

MOST = 3
"""Traits, and changes of the input, that are mentioned."""

LOSS = 0.10
"""Loss of accuracy from which a change of the input is mentioned."""

INVERTED = "inverted"
"""Name of the change whose drawings the audit counts."""

_SPLITS = {"train": "training", "test": "test"}

_INVERT = {"op": "invert", "p": 0.2}
_LINES = ({"op": "thicken", "p": 0.25}, {"op": "thin", "p": 0.25})

_OF_TRAIT: Mapping[str, tuple[str | Sequence[Mapping[str, object]], str]] = {
    "inverted": ([_INVERT], "invert some training drawings"),
    "line width over size": (_LINES, "thicken and thin strokes in training"),
    "share of ink": (_LINES, "thicken and thin strokes in training"),
    "contrast": ([{"op": "fade", "p": 0.3}], "fade strokes of some training drawings"),
    "sharpness": ([{"op": "blur", "p": 0.3}], "blur some training drawings"),
    "JPEG quality": ([{"op": "jpeg", "p": 0.3}], "compress some training drawings"),
    "colour": ("data.channels=1", "use grey drawings for all"),
    "share of the page that is drawn on": ("data.resize=ink", "crop all drawings to their ink"),
    "objects": ("data.resize=ink", "crop all drawings to their ink, after a look at these drawings"),
}
"""What to change for a trait: a setting, or operations to add to the policy."""

_UNCHANGED: Mapping[str, Sequence[str]] = {
    "line width over size": (MIDDLE,),
    "share of ink": (MIDDLE,),
    "contrast": (MIDDLE, HIGHEST),
    "sharpness": (MIDDLE, HIGHEST),
    "JPEG quality": (MIDDLE, HIGHEST),
    "share of the page that is drawn on": (MIDDLE, HIGHEST),
    "longer side in pixels": (LOWEST, MIDDLE),
    "orientation": ("square",),
}
"""Parts of a trait that this changes little or not at all."""

_OF_CHANGE: Mapping[str, Sequence[Mapping[str, object]]] = {
    "flipped left to right": [{"op": "hflip", "p": 0.5}],
    "turned by 15°": [{"op": "rotate", "degrees": [-15, 15]}],
    "turned by 90°": [{"op": "quarter_turn", "p": 0.75}],
    "thickened": [{"op": "thicken", "p": 0.25}],
    "thinned": [{"op": "thin", "p": 0.25}],
    "inverted": [_INVERT],
}
"""Operations that make the same change in training; turns by 180° and upside down are rare in practice."""


def weak_slices(found: Findings, recipe: Recipe) -> list[Advice]:
    """A part of the drawings with a common trait is less accurate than the rest; one line per thing to do."""
    best: dict[str, Slice] = {}
    for one in found.slices:  # the worst first
        if one.weak:
            best.setdefault(one.trait, one)
    plans = [(_settings_of(one, recipe), one) for one in list(best.values())[:MOST]]
    plans.sort(key=lambda one: one[0])
    given = [
        _of_slices(settings, text, [one for _, one in group], found.labels)
        for (settings, text), group in groupby(plans, lambda plan: plan[0])
    ]
    return [*given[:1], *(replace(one, name=f"{one.name}-{number}") for number, one in enumerate(given[1:], 2))]


def _settings_of(one: Slice, recipe: Recipe) -> tuple[tuple[str, ...], str]:
    trait = one.trait
    if one.part in _UNCHANGED.get(trait, ()):
        return (), ""
    change, text = _OF_TRAIT.get(trait, ("", ""))
    if trait == "orientation":
        other = "stretch" if recipe.data.resize == "pad" else "pad"
        change, text = f"data.resize={other}", f"fit drawings into the square by `{other}`"
    if trait == "longer side in pixels":
        size = 32 * round(recipe.model.size * 1.5 / 32)
        change, text = f"model.input_size={size}", f"use a larger input, {size} pixels, where large drawings are weak"
    if isinstance(change, str):
        return ((change,) if change else ()), text
    settings = added_operations(recipe, change)
    return settings, text if settings else ""  # where training makes these changes already, others have to help


def _of_slices(settings: tuple[str, ...], text: str, slices: Sequence[Slice], rows: int) -> Advice:
    what = "; ".join(
        f"{f'{one.trait}, ' if one.trait != TREE else ''}{one.name}: {100 * one.accuracy.value:.1f} % of "
        f"{one.accuracy.n:,} drawings are right, {-100 * one.difference:.1f} points fewer than of the rest"
        for one in slices
    )
    traits = list(dict.fromkeys(one.trait if one.trait != TREE else "several traits" for one in slices))
    return Advice(
        "slices",
        phrase("Some drawings are less accurate: {traits}.", traits=" and ".join(traits)),
        phrase("{what}.", what=what[:1].upper() + what[1:]),
        phrase(text or "look at these drawings, and collect more that are like them"),
        phrase("a slice is worse than the rest with p < 0.05 after Holm's correction"),
        gain=max((gain_of_slice(one, rows) for one in slices), key=lambda one: one.value),
        settings=settings,
        tool="run" if settings else "",
        anchor="slices",
    )


def gain_of_slice(one: Slice, rows: int) -> ExpectedGain:
    """Return what it would gain if a slice were as accurate as the rest: its share of the rows times the difference.

    The interval is that of the difference.
    """
    share = min(one.accuracy.n / rows * (2 if one.trait == TREE else 1), 1.0)  # leaves are judged on half of the rows
    value = share * -one.difference
    half = 1.96 * one.error * share
    why = f"if these {100 * share:.0f} % of the drawings were as accurate as the rest"
    return ExpectedGain(value, max(value - half, 0.0), value + half, why, most=True)


def sensitive(found: Findings, recipe: Recipe) -> list[Advice]:
    """Accuracy is much lower on changed drawings; matters where new drawings may be changed like this."""
    tested = found.inverted.get("test") or found.inverted.get("train")
    weak = [one for one in costly_changes(found) if one[0] != INVERTED or tested is None or tested.count]
    operations = [one for name, _ in weak[:MOST] for one in _OF_CHANGE[name]]
    settings = added_operations(recipe, operations)
    if not settings:
        return []
    return [
        Advice(
            "changes",
            phrase(
                "Accuracy is much lower on changed drawings: {names}.", names=", ".join(name for name, _ in weak[:MOST])
            ),
            phrase(
                "Accuracy is lower when the input is changed: {text}.",
                text="; ".join(
                    f"{name}, {100 * -change.value:.1f} points lower "
                    f"({100 * -change.high:.1f} to {100 * -change.low:.1f})"
                    for name, change in weak[:MOST]
                ),
            ),
            phrase("make the same change to some training drawings, if new drawings may be changed like this"),
            phrase("accuracy falls by {loss:.0f} points or more when the input is changed", loss=100 * LOSS),
            unknown=_cost_of(*weak[0], found),
            settings=settings,
            anchor="robustness",
        )
    ]


def costly_changes(found: Findings) -> list[tuple[str, Difference]]:
    """Return the changes that are usual in practice and cost much accuracy, the worst first."""
    weak = [
        (name, change)
        for name, change in found.changes.items()
        if name in _OF_CHANGE and change.value <= -LOSS and change.high < 0
        if not (found.turned and name == "flipped left to right")
    ]
    return sorted(weak, key=lambda one: one[1].value)


def _cost_of(name: str, change: Difference, found: Findings) -> str:
    """Return what drawings with this change cost: all of them where they were counted, else each tenth."""
    if name != INVERTED or not found.inverted:
        return (
            f"each 10 % of new drawings that are {name} cost {10 * -change.value:.1f} points now; how many there are "
            "is not known"
        )
    last = found.inverted.get("test") or found.inverted["train"]
    cost = 100 * -change.value * last.count / max(last.rows, 1)
    counts = [f"{one.count:,} of {one.rows:,} {_SPLITS[split]} drawings" for split, one in found.inverted.items()]
    return f"{' and '.join(counts)} are light on dark, and cost about {cost:.1f} points now"


def added_operations(recipe: Recipe, operations: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """Return the setting that adds operations to the policy; none where it has all of them already."""
    known = trained_operations(recipe)
    new = [dict(one) for one in operations if one["op"] not in known]
    return (f"transforms.add={json.dumps([*recipe.transforms.add, *new])}",) if new else ()


def trained_operations(recipe: Recipe) -> set[str]:
    """Return the names of the operations of the last epoch's policy; none where its file is no longer there."""
    epochs = max(recipe.training.epochs, 1)
    try:
        return _names(policy_of(recipe.transforms, epochs - 1, epochs))
    except UserError:
        return set()


def _names(operations: Sequence[object]) -> set[str]:
    inner = {name for one in operations for name in _names(getattr(one, "of", ()))}
    return {str(getattr(one, "op", "")) for one in operations} | inner
