"""Views of the same rows merged into one prediction, and how right each combination of them is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference import metrics, votes
from sketchfit.inference.arrays import Bools, Floats, Ints
from sketchfit.inference.blocks import by_blocks, sampled_rows
from sketchfit.inference.calibration import fit_temperature

FITTED = 1 << 18
"""Probabilities that a temperature is fitted on: one number needs no more."""

Mode = Literal["mean-prob", "mean-logit", "vote"]
_MERGE: Mapping[Mode, Callable[[Sequence[Floats]], Floats]] = {
    "mean-prob": votes.mean,
    "mean-logit": votes.geometric_mean,
    "vote": votes.hard_vote,
}


def merge_views(probs: Sequence[Floats], mode: Mode) -> Floats:
    """Return the mean of probabilities, of logits, or a vote with ties by mean probability; float64 [N, C]."""
    return _MERGE[mode](probs)


@dataclass(frozen=True)
class MergedViews:
    """Views, and what each of their combinations is right on, computed once.

    Attributes:
        probs: name of a view to its probabilities, float [N, C].
        label: int [N].
        mode: how they are merged.
    """

    probs: Mapping[str, Floats]
    label: Ints
    mode: Mode
    _known: dict[tuple[str, ...], Bools] = field(default_factory=dict)

    def right(self, names: Sequence[str]) -> Bools:
        """Return whether the merged views are right, bool [N]."""
        if (found := self._known.get(tuple(names))) is None:

            def compute(part: slice) -> Bools:
                return metrics.top_k_correct(self._merge(names, part), self.label[part])

            found = by_blocks(compute, (len(self.label),), self._columns, np.bool_)
            self._known[tuple(names)] = found
        return found

    def loss(self, names: Sequence[str], rows: Ints) -> NDArray[np.float32]:
        """Return the log-loss of the merged views per row at the temperature that is best for these rows, float32 [n].

        A mean of views is less confident than one view. Without temperatures, that alone would lower the log-loss of an
        overconfident network, and a temperature does the same without a further pass.

        Args:
            names: of the views.
            rows: int64 [n]; no other row is used.
        """
        some = sampled_rows(rows, self._columns, FITTED)
        temperature = fit_temperature(self._merge(names, some), self.label[some], FITTED)

        def compute(part: slice) -> Floats:
            prob = temperature.apply(self._merge(names, rows[part]))
            return metrics.row_log_loss(prob, self.label[rows[part]])

        return by_blocks(compute, (len(rows),), self._columns, np.float32)

    @property
    def _columns(self) -> int:
        return int(next(iter(self.probs.values())).shape[1])

    def _merge(self, names: Sequence[str], rows: slice | Ints) -> Floats:
        return merge_views([self.probs[name][rows] for name in names], self.mode)
