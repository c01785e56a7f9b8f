"""Which test-time views to average: one by one and greedily on out-of-fold rows, kept only where a paired test says so.

Greedy selection as in "Better Aggregation in Test-Time Augmentation" (Shanmugam et al., 2011.11156), whose finding it
guards against: a view that corrects some rows spoils others, and a flip can do more harm than good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sketchfit.inference import metrics, votes
from sketchfit.inference.arrays import Floats, Ints
from sketchfit.inference.folding import each_fold
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference

_ALPHA = 0.05

Mode = Literal["mean-prob", "mean-logit", "vote"]
_MERGE: Mapping[Mode, Callable[[Sequence[Floats]], Floats]] = {
    "mean-prob": votes.mean,
    "mean-logit": votes.geometric_mean,
    "vote": votes.hard_vote,
}


@dataclass(frozen=True)
class ViewGain:
    """What one view does.

    Attributes:
        name: of the view.
        alone: its own accuracy.
        beside_base: gain of base and this view over the base alone: negative where it hurts.
        beside_chosen: gain over the views that had been chosen when it was last tried.
        kept: it is used.
    """

    name: str
    alone: Estimate
    beside_base: Difference
    beside_chosen: Difference
    kept: bool


@dataclass(frozen=True)
class SelectedViews:
    """The views to use.

    Attributes:
        names: the base first, then in the order of choice.
        mode: how they are merged.
        base, accuracy: top-1 of the base alone and of the chosen views; the latter was chosen on the rows that it is
            scored on (`nested_gain` is the honest figure).
        gains: every other view, also those that hurt.
    """

    names: tuple[str, ...]
    mode: Mode
    base: Estimate
    accuracy: Estimate
    gains: tuple[ViewGain, ...]

    def merge(self, probs: Mapping[str, Floats]) -> Floats:
        """Float64 [N, C] from a view's name to its probabilities."""
        return merge_views([probs[name] for name in self.names], self.mode)


def merge_views(probs: Sequence[Floats], mode: Mode) -> Floats:
    """Float64 [N, C]: mean of probabilities, of logits, or a vote with ties by mean probability."""
    return _MERGE[mode](probs)


def select_views(
    probs: Mapping[str, Floats],
    label: Ints,
    group: Ints | None = None,
    mode: Mode = "mean-prob",
    base: str | None = None,
    seed: int = 0,
) -> SelectedViews:
    """Start from the base; add the view that gains most, as long as the paired test says that it helps.

    Several views are tried, and of forty useless ones one would pass a two-sided test at 5 %: a view is added only if
    its 95 % interval lies above 0 and its p-value below 0.05 divided by the number of views (Bonferroni).

    Args:
        probs: a view's name to out-of-fold probabilities, float [N, C].
        label: int [N].
        group: int [N], a number a family of near-duplicates, or None.
        mode: how views are merged.
        base: the view that is always used; None: the first.
        seed: of the bootstrap.
    """
    start = next(iter(probs)) if base is None else base
    others = [name for name in probs if name != start]

    def gain(before: list[str], name: str) -> Difference:
        first, second = (
            metrics.top_k_correct(merge_views([probs[n] for n in part], mode), label)
            for part in (before, [*before, name])
        )
        return paired_difference(first, second, group, seed=seed)

    chosen = [start]
    alone = {name: gain(chosen, name) for name in others}
    last = dict(alone)
    while waiting := [name for name in others if name not in chosen]:
        if len(chosen) > 1:
            last |= {name: gain(chosen, name) for name in waiting}
        helping = [name for name in waiting if last[name].helps and last[name].p_value <= _ALPHA / len(others)]
        if not helping:
            break
        chosen.append(max(helping, key=lambda name: last[name].value))
    gains = tuple(
        ViewGain(name, _accuracy(probs[name], label, group), alone[name], last[name], name in chosen) for name in others
    )
    merged = merge_views([probs[name] for name in chosen], mode)
    return SelectedViews(
        tuple(chosen), mode, _accuracy(probs[start], label, group), _accuracy(merged, label, group), gains
    )


def nested_gain(
    probs: Mapping[str, Floats],
    label: Ints,
    fold: Ints,
    group: Ints | None = None,
    mode: Mode = "mean-prob",
    base: str | None = None,
) -> Difference:
    """Gain over the base of views that were selected on other folds than the one they are scored on.

    Args:
        probs, label, group, mode, base: see `select_views`.
        fold: int [N], at least two different values.
    """
    start = next(iter(probs)) if base is None else base
    honest = cross_fit(probs, label, fold, group, mode, start)
    return paired_difference(metrics.top_k_correct(probs[start], label), metrics.top_k_correct(honest, label), group)


def cross_fit(
    probs: Mapping[str, Floats],
    label: Ints,
    fold: Ints,
    group: Ints | None = None,
    mode: Mode = "mean-prob",
    base: str | None = None,
) -> Floats:
    """Float32 [N, C]: each fold's rows by the views that were selected on all other folds (arguments: `nested_gain`).

    Out-of-fold probabilities for everything that comes after: no row had a say in its own views.
    """
    start = next(iter(probs)) if base is None else base
    honest = np.empty(probs[start].shape, dtype=np.float32)
    for _, held in each_fold(fold):
        rest = ~held
        seen = {name: prob[rest] for name, prob in probs.items()}
        views = select_views(seen, label[rest], None if group is None else group[rest], mode, start)
        honest[held] = views.merge({name: prob[held] for name, prob in probs.items()})
    return honest


def _accuracy(prob: Floats, label: Ints, group: Ints | None) -> Estimate:
    return accuracy(metrics.top_k_correct(prob, label), group)
