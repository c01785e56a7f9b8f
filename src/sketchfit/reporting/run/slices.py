"""Slices: accuracy by each measured trait, and bad slices found by a shallow tree; corrected for multiple looks.

Each slice is compared with all other rows. The p-value is that of a two-sided z-test on the difference of proportions
whose variance counts families of near-duplicates as units (a sandwich estimator); Holm's correction (1979) keeps the
chance of any false alarm over a whole table below 5 %.

The tree ("slice finding", in the spirit of Chung et al., 1807.06068) is grown on half of the families and its leaves
are judged on the other half, so that what it shows was not chosen by the rows that show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.tree import DecisionTreeClassifier

from sketchfit.audit.multiple_tests import holm
from sketchfit.inference.intervals import Estimate, accuracy

SMALLEST = 20
"""Slices of fewer rows are left out: nothing can be said about them."""

ALPHA = 0.05

Bools = NDArray[np.bool_]

NUMERIC: Mapping[str, str] = {
    "relative_width": "line width over size",
    "ink": "share of ink",
    "contrast": "contrast",
    "sharpness": "sharpness",
    "box_share": "share of the page that is drawn on",
    "jpeg_quality": "JPEG quality",
}
"""Traits cut into quarters of equally many rows, and what they are called."""


@dataclass(frozen=True)
class Slice:
    """Rows that share a trait.

    Attributes:
        trait, name: what it is by, and which part.
        accuracy: of its rows, with interval.
        difference: its accuracy less that of all other rows.
        p_value: two-sided, uncorrected.
        adjusted: after Holm's correction over the table.
    """

    trait: str
    name: str
    accuracy: Estimate
    difference: float
    p_value: float
    adjusted: float

    @property
    def weak(self) -> bool:
        """Worse than the rest beyond chance."""
        return self.difference < 0 and self.adjusted < ALPHA


def trait_masks(traits: pd.DataFrame) -> list[tuple[str, str, Bools]]:
    """(trait, name, bool [n]) of every slice by one trait.

    Args:
        traits: columns as in `data.traits.TRAIT_NAMES`; those that are missing are left out, NaN belong nowhere.
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
    """Each slice against the rest, worst first; those that are too small, or are nearly everything, are left out."""
    kept = [(t, n, m) for t, n, m in masks if m.sum() >= SMALLEST and (~m).sum() >= SMALLEST]
    tests = [_difference(mask, correct, group) for _, _, mask in kept]
    adjusted = holm([p for _, p in tests])
    slices = [
        Slice(trait, name, accuracy(correct[mask], None if group is None else group[mask]), change, p, float(corrected))
        for (trait, name, mask), (change, p), corrected in zip(kept, tests, adjusted, strict=True)
    ]
    return sorted(slices, key=lambda one: one.difference)


def tree_slices(
    traits: pd.DataFrame, correct: Bools, group: NDArray[np.int64] | None, depth: int = 3, seed: int = 0
) -> list[Slice]:
    """Leaves of a shallow tree that tells right from wrong by traits, judged on the half it was not grown on.

    Returns:
        Leaves that are weak there, worst first; often none.
    """
    columns = [
        name for name in (*NUMERIC, "width", "height", "aspect", "colour", "inverted", "drawings") if name in traits
    ]
    values = traits[columns].to_numpy(np.float64)
    family = np.unique(np.arange(len(correct)) if group is None else group, return_inverse=True)[1]
    grow = np.random.Generator(np.random.Philox(key=seed)).random(int(family.max(initial=0)) + 1)[family] < 0.5
    if grow.sum() < 2 * SMALLEST or (~grow).sum() < 2 * SMALLEST or not columns:
        return []
    smallest = max(SMALLEST, round(0.03 * int(grow.sum())))
    tree = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=smallest, random_state=0)
    tree.fit(values[grow], correct[grow])
    leaf = tree.apply(values)
    rules = _leaf_rules(tree, columns)
    judge = ~grow
    found = compare_slices(
        [("tree", rules[number], leaf[judge] == number) for number in np.unique(leaf)],
        correct[judge],
        None if group is None else group[judge],
    )
    return [one for one in found if one.weak]


def _difference(mask: Bools, correct: Bools, group: NDArray[np.int64] | None) -> tuple[float, float]:
    """Accuracy inside less outside, and its two-sided p-value."""
    right = correct.astype(np.float64)
    inside, outside = right[mask].mean(), right[~mask].mean()
    influence = np.where(mask, (right - inside) / mask.sum(), -(right - outside) / (~mask).sum())
    if group is not None:
        influence = np.bincount(np.unique(group, return_inverse=True)[1], weights=influence)
    units = len(influence)
    error = float(np.sqrt((influence**2).sum() * units / max(units - 1, 1)))
    change = float(inside - outside)
    return change, 1.0 if error == 0 else float(2 * norm.sf(abs(change) / error))


def _quarters(values: NDArray[np.float64]) -> list[tuple[str, Bools]]:
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return []
    edges = np.unique(np.quantile(known, [0, 0.25, 0.5, 0.75, 1]))
    parts = []
    for number, (low, high) in enumerate(pairwise(edges)):
        mask = (values >= low if number == 0 else values > low) & (values <= high)
        parts.append((f"{low:.3g} to {high:.3g}", mask))
    return parts


def _leaf_rules(tree: DecisionTreeClassifier, columns: Sequence[str]) -> dict[int, str]:
    """What each leaf's rows have in common, in words."""
    inner, rules = tree.tree_, dict[int, str]()

    def walk(node: int, path: tuple[str, ...]) -> None:
        if inner.children_left[node] == inner.children_right[node]:
            rules[node] = " and ".join(path) or "all"
            return
        name, cut = columns[inner.feature[node]], inner.threshold[node]
        walk(int(inner.children_left[node]), (*path, f"{name} ≤ {cut:.3g}"))
        walk(int(inner.children_right[node]), (*path, f"{name} > {cut:.3g}"))

    walk(0, ())
    return rules
