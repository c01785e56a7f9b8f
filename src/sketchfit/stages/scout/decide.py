"""Choices of a scout: which backbones stay, which options are fine-tuned, and which one wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.intervals import Difference, paired_difference
from sketchfit.runs.artefacts.scout import OptionFigures

NEAR = 0.01
"""Of two options within noise of each other, the faster one is chosen if it is at most this much less accurate."""

Right = NDArray[np.bool_]

FINALISTS = 2
"""Options that are fine-tuned."""


def survivors(right: Mapping[str, Right], group: NDArray[np.int64] | None) -> list[str]:
    """Return the names that go into the next round: the better half, and those not significantly worse than the best.

    Args:
        right: bool [n] by name, on the same rows.
        group: int64 [n], near-duplicates; None: rows are independent.

    Returns:
        The best first.
    """
    ranked = sorted(right, key=lambda name: -float(right[name].mean()))
    if not ranked:
        return []
    best, half = right[ranked[0]], (len(ranked) + 1) // 2
    return [
        name
        for place, name in enumerate(ranked)
        if place < half or paired_difference(best, right[name], group).high >= 0
    ]


def finalists(options: Sequence[OptionFigures], count: int = FINALISTS) -> list[OptionFigures]:
    """Return the options with the best frozen features; those whose features were not measured are left out."""
    measured = [one for one in options if one.bank_top1 is not None]
    return sorted(measured, key=_minus_bank)[:count]


def _minus_bank(option: OptionFigures) -> float:
    return -option.bank_top1.value if option.bank_top1 is not None else 0.0


def decide(first: OptionFigures, second: OptionFigures, difference: Difference) -> tuple[OptionFigures, str]:
    """Return the better of two options, and the reason as a sentence.

    Args:
        first, second: whose training times were measured.
        difference: in accuracy, second minus first, on the same rows.
    """
    if difference.low > 0 or difference.high < 0:
        better, worse = (second, first) if difference.value > 0 else (first, second)
        change = difference if better is second else _turned(difference)
        return better, f"{better.name} is better than {worse.name}: {change}"
    accurate, other = (second, first) if difference.value > 0 else (first, second)
    faster = other if (other.train_seconds or 0.0) < (accurate.train_seconds or 0.0) else accurate
    if faster is other and abs(difference.value) <= NEAR:
        change = _turned(difference) if difference.value > 0 else difference
        return faster, f"{faster.name} trains faster than {accurate.name}, and the two are within noise: {change}"
    change = difference if accurate is second else _turned(difference)
    return accurate, f"{accurate.name} is the more accurate of two that are within noise of each other: {change}"


def _turned(difference: Difference) -> Difference:
    return Difference(-difference.value, -difference.high, -difference.low, difference.p_value, difference.n)
