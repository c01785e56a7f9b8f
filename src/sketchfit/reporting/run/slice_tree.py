"""Weak slices as leaves of a shallow tree over all traits ("slice finding", after Chung et al., 1807.06068).

The tree is grown on half of the groups of related rows, and its leaves are judged on the other half, so the rows
that show a slice did not choose it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from sketchfit.reporting.kit.formats import compact
from sketchfit.reporting.run.compare_slices import NUMERIC, SMALLEST, Bools, Slice, compare_slices
from sketchfit.wording import counted

TREE = "tree"
"""In the place of a trait: a leaf of the tree, which several traits decide."""

_FLAGS: Mapping[str, tuple[str, str]] = {
    "colour": ("grey", "coloured"),
    "inverted": ("dark on light", "light on dark"),
}
"""Traits that a tree cuts into two kinds, and the names of these."""

_MEASURES: Mapping[str, str] = {
    **NUMERIC,
    "width": "width in pixels",
    "height": "height in pixels",
    "aspect": "width over height",
}


def tree_slices(
    traits: pd.DataFrame, correct: Bools, group: NDArray[np.int64] | None, depth: int = 3, seed: int = 0
) -> list[Slice]:
    """Find weak slices as leaves of a tree that separates right from wrong answers by traits.

    Args:
        traits: see `trait_masks`.
        correct: bool [n].
        group: int64 [n], related rows share a number; None: rows are independent.
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
    rules = _leaf_rules(tree, columns, values)
    judge = np.flatnonzero(~grow)
    found = compare_slices(
        [(TREE, rules[number], leaf[judge] == number) for number in np.unique(leaf)],
        correct[judge],
        None if group is None else group[judge],
    )
    return [replace(one, rows=judge[one.rows]) for one in found if one.weak]


def _leaf_rules(tree: DecisionTreeClassifier, columns: Sequence[str], values: NDArray[np.float64]) -> dict[int, str]:
    """Describe each leaf by the conditions that lead to it.

    Rows without a value follow one of the two branches: its condition has "or unknown" where there are such rows.
    """
    inner, rules, passed = tree.tree_, dict[int, str](), tree.decision_path(values).tocsc()

    def walk(node: int, path: tuple[str, ...]) -> None:
        if inner.children_left[node] == inner.children_right[node]:
            rules[node] = " and ".join(path) or "all"
            return
        feature = inner.feature[node]
        low, high = _conditions(columns[feature], float(inner.threshold[node]))
        if np.isnan(values[passed[:, [node]].nonzero()[0], feature]).any():
            low, high = _or_unknown(low, high, bool(inner.missing_go_to_left[node]))
        walk(int(inner.children_left[node]), (*path, low))
        walk(int(inner.children_right[node]), (*path, high))

    walk(0, ())
    return rules


def _conditions(name: str, cut: float) -> tuple[str, str]:
    """Return what values up to the cut, and larger ones, are called."""
    if name in _FLAGS:
        return _FLAGS[name]
    if name == "drawings":
        most = counted(int(cut), "object")
        return ("one object", "several objects") if 1 <= cut < 2 else (f"at most {most}", f"more than {most}")
    return f"{_MEASURES[name]} ≤ {compact(cut)}", f"{_MEASURES[name]} > {compact(cut)}"


def _or_unknown(low: str, high: str, left: bool) -> tuple[str, str]:
    """Name the branch that rows without a value follow, the left one or the right one."""
    return (f"{low} (or unknown)", high) if left else (low, f"{high} (or unknown)")
