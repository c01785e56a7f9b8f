"""Chooses the test-time views: one at a time on out-of-fold rows, and only those that a paired test supports.

Greedy selection as in "Better Aggregation in Test-Time Augmentation" (Shanmugam et al., 2011.11156). The test is needed
because, as that paper shows, a view corrects some rows and breaks others, and a flip can do more harm than good.

There are two tests, and one is enough: the accuracy is higher, or the log-loss is lower and the accuracy is not lower.
Log-loss uses more of each row than right or wrong. So it shows a gain where few rows are held out, as in a run with a
deadline. A mean of probabilities lowers it by lowering confidence alone (Jensen's inequality). So it is measured with
each side at its best temperature, and a view that lowers the accuracy is not added for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.blocks import row_blocks
from sketchfit.inference.folding import each_fold
from sketchfit.inference.intervals import Estimate, accuracy, paired_difference
from sketchfit.inference.merged_views import MergedViews, Mode, merge_views
from sketchfit.inference.view_gains import PairedGain, ViewGain
from sketchfit.runs.large_arrays import empty_array


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


def select_views(
    probs: Mapping[str, Floats],
    label: Ints,
    group: Ints | None = None,
    mode: Mode = "mean-prob",
    base: str | None = None,
    seed: int = 0,
) -> SelectedViews:
    """Start with the base, and add the view that gains most in accuracy, as long as a paired test supports it.

    A test supports a view if its 95 % interval is above 0 and its p-value is at most 0.05 divided by the number of
    views (Bonferroni): of forty useless views, one would pass a two-sided test at 5 %. It is either that of the
    accuracy, or that of the log-loss where the accuracy is not lower. Each test can be wrong in one direction only, so
    that both together keep the level. Where views vote, accuracy alone counts.

    Args:
        probs: name of a view to its out-of-fold probabilities, float [N, C].
        label: int [N].
        group: int [N], one number per group of near-duplicates, or None.
        mode: how views are merged.
        base: the view that is always used; None: the first.
        seed: of the bootstrap.
    """
    start = next(iter(probs)) if base is None else base
    return _select(MergedViews(probs, label, mode), np.arange(len(label)), group, start, seed)


def _select(views: MergedViews, rows: Ints, group: Ints | None, base: str, seed: int = 0) -> SelectedViews:
    """Select views by some rows, int64 [n]; further arguments as for `select_views`, with `group` of these rows."""
    others = [name for name in views.probs if name != base]
    measured = _Measured(views, rows, group, seed)
    chosen = [base]
    with_base = {name: measured.gain(chosen, name) for name in others}
    last = dict(with_base)
    while waiting := [name for name in others if name not in chosen]:
        if len(chosen) > 1:
            last |= {name: measured.gain(chosen, name) for name in waiting}
        helping = [name for name in waiting if last[name].supports(len(others))]
        if not helping:
            break
        chosen.append(max(helping, key=lambda name: last[name].size))
    alone = {name: measured.accuracy([name]) for name in views.probs}
    gains = tuple(
        ViewGain(
            name=name,
            alone=alone[name],
            beside_base=with_base[name].accuracy,
            beside_chosen=last[name].accuracy,
            kept=name in chosen,
            loss_beside_base=with_base[name].log_loss,
            loss_beside_chosen=last[name].log_loss,
        )
        for name in others
    )
    return SelectedViews(tuple(chosen), views.mode, alone[base], measured.accuracy(chosen), gains)


@dataclass(frozen=True)
class _Measured:
    """Combinations of views, compared on some rows.

    Attributes:
        views: of all rows.
        rows: int64 [n].
        group: int [n]; None: rows are independent.
        seed: of the bootstrap.
    """

    views: MergedViews
    rows: Ints
    group: Ints | None
    seed: int
    _losses: dict[tuple[str, ...], NDArray[np.float32]] = field(default_factory=dict)

    def accuracy(self, names: Sequence[str]) -> Estimate:
        """Return the accuracy of a combination."""
        return accuracy(self.views.right(names)[self.rows], self.group)

    def gain(self, before: Sequence[str], name: str) -> PairedGain:
        """Return what a view adds to others."""
        after = [*before, name]
        old, new = (self.views.right(names)[self.rows] for names in (before, after))
        more_right = paired_difference(old, new, self.group, seed=self.seed)
        if self.views.mode == "vote":
            return PairedGain(more_right, None)
        lower_loss = paired_difference(self._loss(after), self._loss(before), self.group, seed=self.seed)
        return PairedGain(more_right, lower_loss)

    def _loss(self, names: Sequence[str]) -> NDArray[np.float32]:
        if (found := self._losses.get(tuple(names))) is None:
            found = self._losses[tuple(names)] = self.views.loss(names, self.rows)
        return found


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
    views = MergedViews(probs, label, mode)
    merged = empty_array(probs[start].shape, np.float32)
    for _, held in each_fold(fold):
        rest, rows = np.flatnonzero(~held), np.flatnonzero(held)
        chosen = _select(views, rest, None if group is None else group[rest], start)
        for part in row_blocks(len(rows), merged.shape[1]):
            merged[rows[part]] = chosen.merge({name: probs[name][rows[part]] for name in chosen.names})
    return merged
