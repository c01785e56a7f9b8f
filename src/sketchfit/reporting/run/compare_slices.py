"""Slices by one trait, each compared with all other rows.

The p-value is that of Fisher's exact test, in which related rows count as the independent ones that they are worth.
Holm's correction (1979) keeps the probability of any false alarm in a table below 5 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.multiple_tests import holm
from sketchfit.reporting.kit.formats import compact
from sketchfit.reporting.run.compare_shares import CountedRows, exact_p_value

SMALLEST = 20
"""Slices of fewer rows are left out."""

ALPHA = 0.05
"""Corrected p-value below which a slice counts as weak."""

LOWEST, MIDDLE, HIGHEST = "lowest", "middle", "highest"
"""Parts of the range of a number."""

Bools = NDArray[np.bool_]

NUMERIC: Mapping[str, str] = {
    "relative_width": "line width over size",
    "ink": "share of ink",
    "contrast": "contrast",
    "sharpness": "sharpness",
    "box_share": "share of the page that is drawn on",
    "jpeg_quality": "JPEG quality",
}
"""Traits that are cut into quarters of equally many rows, and their names on the page."""


@dataclass(frozen=True)
class Slice:
    """Rows that share a trait.

    Attributes:
        trait, name: the trait, and the part of its range.
        accuracy: of its rows, with interval.
        difference: its accuracy minus that of all other rows.
        p_value: two-sided, uncorrected.
        adjusted: after Holm's correction over the table.
        rows: int64, places of its rows, ascending.
        error: standard error of the difference, by a sandwich estimator whose units are groups of related rows.
    """

    trait: str
    name: str
    accuracy: Estimate
    difference: float
    p_value: float
    adjusted: float
    rows: NDArray[np.int64] = field(default_factory=lambda: np.arange(0), repr=False, compare=False)
    error: float = 0.0

    @property
    def weak(self) -> bool:
        """Whether it is significantly worse than the rest."""
        return self.difference < 0 and self.beyond_chance

    @property
    def beyond_chance(self) -> bool:
        """Whether it differs significantly from the rest."""
        return self.adjusted < ALPHA

    @property
    def part(self) -> str:
        """The part of a number's range, such as `LOWEST`, which ends its name; else the name."""
        return self.name.rpartition("(")[2].rstrip(")")


def trait_masks(traits: pd.DataFrame) -> list[tuple[str, str, Bools]]:
    """Cut each trait into parts: (trait, name, bool [n]) per slice.

    Args:
        traits: columns as in `audit.traits.TRAIT_NAMES`. Missing columns are left out; NaN are in no slice.
    """
    found: list[tuple[str, str, Bools]] = []
    for column, trait in NUMERIC.items():
        if column in traits:
            found += [(trait, name, mask) for name, mask in _quarters(traits[column].to_numpy(np.float64))]
    if {"width", "height"} <= set(traits):
        size = np.maximum(traits["width"].to_numpy(np.float64), traits["height"].to_numpy(np.float64))
        found += [("longer side in pixels", name, mask) for name, mask in _quarters(size)]
        aspect = traits["width"].to_numpy(np.float64) / traits["height"].to_numpy(np.float64)
        found += [
            ("orientation", "portrait", aspect < 0.9),
            ("orientation", "square", (aspect >= 0.9) & (aspect <= 1 / 0.9)),
            ("orientation", "landscape", aspect > 1 / 0.9),
        ]
    for column, names in {"colour": ("grey", "coloured"), "inverted": ("dark on light", "light on dark")}.items():
        if column in traits:
            values = traits[column].to_numpy(np.float64)
            found += [(column, names[0], values == 0), (column, names[1], values == 1)]
    if "drawings" in traits:
        values = traits["drawings"].to_numpy(np.float64)
        found += [("objects", "one", values == 1), ("objects", "several", values > 1)]
    return found


def compare_slices(
    masks: Sequence[tuple[str, str, Bools]], correct: Bools, group: NDArray[np.int64] | None
) -> list[Slice]:
    """Compare each slice with the rest.

    Args:
        masks: (trait, name, bool [n]) per slice.
        correct: bool [n].
        group: int64 [n], related rows share a number; None: rows are independent.

    Returns:
        The worst first. Slices with fewer than `SMALLEST` rows inside or outside are left out.
    """
    kept = [(t, n, m) for t, n, m in masks if m.sum() >= SMALLEST and (~m).sum() >= SMALLEST]
    level = 1 - ALPHA / max(len(kept), 1)  # that of the smallest p-value in Holm's correction
    p_values = [_p_value(mask, correct, group, level) for _, _, mask in kept]
    slices = [
        Slice(
            trait,
            name,
            _accuracy(mask, correct, group),
            _difference(mask, correct),
            p_value,
            float(corrected),
            np.flatnonzero(mask),
            _error(mask, correct, group),
        )
        for (trait, name, mask), p_value, corrected in zip(kept, p_values, holm(p_values), strict=True)
    ]
    return sorted(slices, key=lambda one: one.difference)


def _accuracy(mask: Bools, correct: Bools, group: NDArray[np.int64] | None) -> Estimate:
    return accuracy(correct[mask], None if group is None else group[mask])


def _p_value(mask: Bools, correct: Bools, group: NDArray[np.int64] | None, level: float) -> float:
    inside, outside = (
        CountedRows.of(correct[part], None if group is None else group[part], level) for part in (mask, ~mask)
    )
    return exact_p_value(inside, outside)


def _difference(mask: Bools, correct: Bools) -> float:
    """Return accuracy inside minus outside."""
    return float(correct[mask].mean() - correct[~mask].mean())


def _error(mask: Bools, correct: Bools, group: NDArray[np.int64] | None) -> float:
    """Return the standard error of the difference."""
    right = correct.astype(np.float64)
    inside, outside = right[mask].mean(), right[~mask].mean()
    influence = np.where(mask, (right - inside) / mask.sum(), -(right - outside) / (~mask).sum())
    if group is not None:
        influence = np.bincount(np.unique(group, return_inverse=True)[1], weights=influence)
    units = len(influence)
    return float(np.sqrt((influence**2).sum() * units / max(units - 1, 1)))


def _quarters(values: NDArray[np.float64]) -> list[tuple[str, Bools]]:
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return []
    edges = np.unique(np.quantile(known, [0, 0.25, 0.5, 0.75, 1]))
    parts = []
    for number, (low, high) in enumerate(pairwise(edges)):
        mask = (values >= low if number == 0 else values > low) & (values <= high)
        part = LOWEST if number == 0 else HIGHEST if number == len(edges) - 2 else MIDDLE
        parts.append((f"{compact(low)} to {compact(high)} ({part})", mask))
    return parts
