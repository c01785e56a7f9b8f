"""Chooses the test-time views: one at a time on out-of-fold rows, and only those that a paired test supports.

Greedy selection as in "Better Aggregation in Test-Time Augmentation" (Shanmugam et al., 2011.11156). The test is needed
because, as that paper shows, a view corrects some rows and breaks others, and a flip can do more harm than good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from sketchfit.inference import metrics, votes
from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.blocks import by_blocks, row_blocks
from sketchfit.inference.folding import each_fold
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.runs.large_arrays import empty_array

ALPHA = 0.05
"""Level of the test of a view, divided by the number of views."""

Mode = Literal["mean-prob", "mean-logit", "vote"]
_MERGE: Mapping[Mode, Callable[[Sequence[Floats]], Floats]] = {
    "mean-prob": votes.mean,
    "mean-logit": votes.geometric_mean,
    "vote": votes.hard_vote,
}


@dataclass(frozen=True)
class ViewGain:
    """What one view gains.

    Attributes:
        name: of the view.
        alone: its own accuracy.
        beside_base: gain of the base and this view over the base; negative if the view hurts.
        beside_chosen: gain over the views that were chosen when it was last tried.
        kept: whether it was chosen.
    """

    name: str
    alone: Estimate
    beside_base: Difference
    beside_chosen: Difference
    kept: bool


@dataclass(frozen=True)
class SelectedViews:
    """The chosen views.

    Attributes:
        names: the base first, then in the order of choice.
        mode: how they are merged.
        base, accuracy: top-1 of the base and of the chosen views. The latter is optimistic, because the views were
            chosen on the same rows (see `cross_fit`).
        gains: of all views but the base, also of those that hurt.
    """

    names: tuple[str, ...]
    mode: Mode
    base: Estimate
    accuracy: Estimate
    gains: tuple[ViewGain, ...]

    def merge(self, probs: Mapping[str, Floats]) -> Floats:
        """Merge the chosen views, float64 [N, C].

        Args:
            probs: name of a view to its probabilities.
        """
        return merge_views([probs[name] for name in self.names], self.mode)

    def base_alone(self) -> SelectedViews:
        """Return the same comparison where no view but the base is used."""
        gains = tuple(replace(gain, kept=False) for gain in self.gains)
        return replace(self, names=self.names[:1], accuracy=self.base, gains=gains)


def merge_views(probs: Sequence[Floats], mode: Mode) -> Floats:
    """Return the mean of probabilities, of logits, or a vote with ties by mean probability; float64 [N, C]."""
    return _MERGE[mode](probs)


def select_views(
    probs: Mapping[str, Floats],
    label: Ints,
    group: Ints | None = None,
    mode: Mode = "mean-prob",
    base: str | None = None,
    seed: int = 0,
) -> SelectedViews:
    """Start with the base, and add the view that gains most, as long as the paired test supports it.

    Of forty useless views, one would pass a two-sided test at 5 %. So a view is added only if its 95 % interval is
    above 0 and its p-value is at most 0.05 divided by the number of views (Bonferroni).

    Args:
        probs: name of a view to its out-of-fold probabilities, float [N, C].
        label: int [N].
        group: int [N], one number per group of near-duplicates, or None.
        mode: how views are merged.
        base: the view that is always used; None: the first.
        seed: of the bootstrap.
    """
    return _select(_Merged(probs, label, mode), np.arange(len(label)), group, base, seed)


@dataclass(frozen=True)
class _Merged:
    """Views, and what each of their combinations is right on, computed once.

    Attributes:
        probs: name of a view to its probabilities, float [N, C].
        label: int [N].
        mode: how views are merged.
    """

    probs: Mapping[str, Floats]
    label: Ints
    mode: Mode
    _known: dict[tuple[str, ...], Bools] = field(default_factory=dict)

    def right(self, names: Sequence[str]) -> Bools:
        """Return whether the merged views are right, bool [N]."""
        if (found := self._known.get(tuple(names))) is None:
            views = [self.probs[name] for name in names]

            def compute(part: slice) -> Bools:
                merged = merge_views([view[part] for view in views], self.mode)
                return metrics.top_k_correct(merged, self.label[part])

            columns = views[0].shape[1]
            found = self._known[tuple(names)] = by_blocks(compute, (len(self.label),), columns, np.bool_)
        return found


def _select(merged: _Merged, rows: Ints, group: Ints | None, base: str | None, seed: int = 0) -> SelectedViews:
    """Select views by some rows, int64 [n]; further arguments as for `select_views`, with `group` of these rows."""
    probs = merged.probs
    start = next(iter(probs)) if base is None else base
    others = [name for name in probs if name != start]

    def right(names: Sequence[str]) -> Bools:
        return merged.right(names)[rows]

    def gains_over(before: Sequence[str], names: Sequence[str]) -> dict[str, Difference]:
        reached = right(before)
        return {name: paired_difference(reached, right([*before, name]), group, seed=seed) for name in names}

    chosen = [start]
    with_base = gains_over(chosen, others)
    last = dict(with_base)
    while waiting := [name for name in others if name not in chosen]:
        if len(chosen) > 1:
            last |= gains_over(chosen, waiting)
        helping = [name for name in waiting if last[name].helps and last[name].p_value <= ALPHA / len(others)]
        if not helping:
            break
        chosen.append(max(helping, key=lambda name: last[name].value))
    alone = {name: accuracy(right([name]), group) for name in probs}
    gains = tuple(ViewGain(name, alone[name], with_base[name], last[name], name in chosen) for name in others)
    return SelectedViews(tuple(chosen), merged.mode, alone[start], accuracy(right(chosen), group), gains)


def cross_fit(
    probs: Mapping[str, Floats],
    label: Ints,
    fold: Ints,
    group: Ints | None = None,
    mode: Mode = "mean-prob",
    base: str | None = None,
) -> Floats:
    """Merge the rows of each fold by the views that were chosen on all other folds; float32 [N, C].

    No row influences the choice of its own views, so these are out-of-fold probabilities for all later steps.

    Args:
        probs, label, group, mode, base: see `select_views`.
        fold: int [N], at least two different values.
    """
    start = next(iter(probs)) if base is None else base
    views = _Merged(probs, label, mode)
    merged = empty_array(probs[start].shape, np.float32)
    for _, held in each_fold(fold):
        rest, rows = np.flatnonzero(~held), np.flatnonzero(held)
        chosen = _select(views, rest, None if group is None else group[rest], start)
        for part in row_blocks(len(rows), merged.shape[1]):
            merged[rows[part]] = chosen.merge({name: probs[name][rows[part]] for name in chosen.names})
    return merged
