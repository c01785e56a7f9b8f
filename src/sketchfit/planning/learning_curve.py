"""Accuracy of a head with more training rows, from its accuracy with fewer.

The error falls with a power of the number of rows: Hestness et al., "Deep Learning Scaling is Predictable,
Empirically", 2017, arXiv 1712.00409. The power is read off two numbers of rows, so the further the extrapolation, the
wider the interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sketchfit.planning.value import UNCERTAIN
from sketchfit.runs.artefacts import PlanExpectation
from sketchfit.runs.estimates import Estimate

STEEPEST = 0.5
"""Power of the number of rows beyond which two measured errors are taken for noise."""

DOUBT = 0.5
"""Share of the extrapolated change of the error's logarithm by which it may be wrong."""


@dataclass(frozen=True)
class HeadAccuracy:
    """Out-of-fold accuracy of a head on frozen features.

    Attributes:
        top1: with its interval.
        doubt: by which the logarithm of its error may be wrong besides.
    """

    top1: Estimate
    doubt: float = 0.0

    def after(self, worth: float) -> PlanExpectation:
        """Return the accuracy of something that is worth more, with its interval; see `value.worth`."""
        error = _error(self.top1.value)
        below, above = (math.log(_error(end) / error) for end in (self.top1.low, self.top1.high))
        low, high = (math.hypot(part, self.doubt, UNCERTAIN) for part in (below, above))
        value, worst, best = (1 - min(1.0, error * math.exp(by - worth)) for by in (0.0, low, -high))
        return PlanExpectation(value=round(value, 4), low=round(worst, 4), high=round(best, 4))


def with_more_rows(few: float, many: Estimate, rows: tuple[float, float, float]) -> HeadAccuracy:
    """Return the accuracy of a head that is fitted on more rows.

    Args:
        few: accuracy with `rows[0]` rows.
        many: accuracy with `rows[1]` rows.
        rows: training rows of both measurements, and of the head; all above 0.
    """
    if rows[2] <= rows[1]:
        return HeadAccuracy(many)
    drop, doubling = math.log(_error(few) / _error(many.value)), math.log(rows[1] / rows[0])
    power = min(max(drop / doubling, 0.0), STEEPEST)
    change = power * math.log(rows[2] / rows[1])
    value, low, high = (1 - _error(one) * math.exp(-change) for one in (many.value, many.low, many.high))
    return HeadAccuracy(Estimate(value, low, high, many.n), DOUBT * change)


def _error(accuracy: float) -> float:
    return max(1e-3, 1 - accuracy)
