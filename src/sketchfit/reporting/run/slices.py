"""Section "Slices": accuracy per measured trait, and weak slices found by a shallow tree, corrected for their number.

Each slice is compared with all other rows. The p-value is that of a two-sided z-test on the difference of proportions
whose variance counts families of near-duplicates as units (a sandwich estimator). Holm's correction (1979) keeps the
probability of any false alarm in a table below 5 %.

The tree ("slice finding", after Chung et al., 1807.06068) is grown on half of the families, and its leaves are judged
on the other half, so the rows that show a slice did not choose it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.tree import DecisionTreeClassifier

from sketchfit.audit.traits import Traits, measure, traits_frame
from sketchfit.data.images import ImageError, decode, read_image_file
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.multiple_tests import holm
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.page_section import PageSection, page_section

SMALLEST = 20
"""Slices of fewer rows are left out."""

ALPHA = 0.05
"""Corrected p-value below which a slice counts as weak."""

MEASURED_WITHOUT_AUDIT = 3000
"""Number of drawings up to which traits are measured here where there was no audit."""

TREE = "tree"
"""In the place of a trait: a leaf of the tree, which several traits decide."""

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

_FLAGS: Mapping[str, tuple[str, str]] = {
    "colour": ("grey", "coloured"),
    "inverted": ("dark on light", "light on dark"),
    "drawings": ("one object", "several objects"),
}
"""Traits that a tree cuts into two kinds, and the names of these."""

_MEASURES: Mapping[str, str] = {
    **NUMERIC,
    "width": "width in pixels",
    "height": "height in pixels",
    "aspect": "width over height",
}


@dataclass(frozen=True)
class Slice:
    """Rows that share a trait.

    Attributes:
        trait, name: the trait, and the part of its range.
        accuracy: of its rows, with interval.
        difference: its accuracy minus that of all other rows.
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
        """Whether it is significantly worse than the rest."""
        return self.difference < 0 and self.adjusted < ALPHA


@dataclass(frozen=True)
class SliceResults:
    """All slices of a run.

    Attributes:
        by_trait: slices by one trait, the worst first.
        by_tree: weak leaves of the tree, the worst first.
        measured: whether the traits of the drawings are known.
    """

    by_trait: Sequence[Slice] = ()
    by_tree: Sequence[Slice] = ()
    measured: bool = True

    @property
    def weak(self) -> list[Slice]:
        """Slices that are significantly worse than the rest."""
        return [one for one in (*self.by_trait, *self.by_tree) if one.weak]


def find_slices(evidence: Evidence, group: NDArray[np.int64] | None, threads: int) -> SliceResults:
    """Compare all slices of a run; without an audit, the traits of up to 3,000 drawings are measured here.

    Args:
        evidence: the run.
        group: int64 [n], family of near-duplicates per row; None: rows are independent.
        threads: for measuring.
    """
    traits = evidence.traits
    if traits is None:
        if len(evidence.rows) > MEASURED_WITHOUT_AUDIT:
            return SliceResults(measured=False)
        traits = _measured(evidence, threads)
    correct = evidence.correct
    return SliceResults(compare_slices(trait_masks(traits), correct, group), tree_slices(traits, correct, group))


def slices_section(slices: SliceResults) -> PageSection:
    """Render accuracy per trait."""
    weak = sum(one.weak for one in slices.by_trait)
    return page_section("slices", "Slices", slices=slices, weak=weak)


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
        group: int64 [n], family of near-duplicates per row; None: rows are independent.

    Returns:
        The worst first. Slices with fewer than `SMALLEST` rows inside or outside are left out.
    """
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
    """Find weak slices as leaves of a tree that separates right from wrong answers by traits.

    Args:
        traits: see `trait_masks`.
        correct: bool [n].
        group: int64 [n], family of near-duplicates per row; None: rows are independent.
        depth: of the tree.
        seed: of the division into halves.

    Returns:
        Leaves that are weak on the half that the tree was not grown on, the worst first; often none.
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
        [(TREE, rules[number], leaf[judge] == number) for number in np.unique(leaf)],
        correct[judge],
        None if group is None else group[judge],
    )
    return [one for one in found if one.weak]


def _measured(evidence: Evidence, threads: int) -> pd.DataFrame:
    def one(path: str) -> Traits | None:
        try:
            data = read_image_file(evidence.root / path)
            return measure(decode(data), len(data))
        except ImageError:
            return None

    with ThreadPoolExecutor(threads) as pool:
        traits = list(pool.map(one, evidence.paths))
    return traits_frame(traits, evidence.rows.tolist(), ["train"] * len(traits), evidence.paths)


def _difference(mask: Bools, correct: Bools, group: NDArray[np.int64] | None) -> tuple[float, float]:
    """Return accuracy inside minus outside, and its two-sided p-value."""
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
    """Describe each leaf by the conditions that lead to it."""
    inner, rules = tree.tree_, dict[int, str]()

    def walk(node: int, path: tuple[str, ...]) -> None:
        if inner.children_left[node] == inner.children_right[node]:
            rules[node] = " and ".join(path) or "all"
            return
        name, cut = columns[inner.feature[node]], inner.threshold[node]
        low, high = _FLAGS.get(name) or (f"{_MEASURES[name]} ≤ {cut:.3g}", f"{_MEASURES[name]} > {cut:.3g}")
        walk(int(inner.children_left[node]), (*path, low))
        walk(int(inner.children_right[node]), (*path, high))

    walk(0, ())
    return rules
