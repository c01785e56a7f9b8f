"""The learning-rate range test: the rate rises with each update, and the loss shows which rates work.

Paper: "Cyclical Learning Rates for Training Neural Networks", Smith, arXiv 1506.01186.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SETTLED = 10
"""Updates after which the smoothed loss no longer depends on only a few batches."""


def range_rates(low: float, high: float, steps: int) -> NDArray[np.float64]:
    """Return the rate of each update, float64 [steps]: from `low` to `high` by equal factors."""
    return np.geomspace(low, high, steps)


def smoothed(losses: NDArray[np.float64], keep: float = 0.9) -> NDArray[np.float64]:
    """Return the exponential moving average without the bias of its start, [steps] to [steps]."""
    mean, out = 0.0, np.empty(len(losses))
    for number, loss in enumerate(losses):
        mean = keep * mean + (1 - keep) * float(loss)
        out[number] = mean / (1 - keep ** (number + 1))
    return out


def broken(curve: NDArray[np.float64]) -> bool:
    """Return whether the test can stop: the smoothed loss is not finite, or above four times the lowest so far."""
    return not bool(np.isfinite(curve[-1])) or bool(curve[-1] > 4 * curve.min())


def suggested_rate(rates: NDArray[np.float64], curve: NDArray[np.float64]) -> float:
    """Return the rate at which the smoothed loss falls fastest per factor of the rate, before its lowest point.

    Args:
        rates: rising, float64 [n], n at least 2.
        curve: smoothed losses, float64 [n]; those after the first that is not finite are ignored.

    Raises:
        ValueError: there are fewer than two finite losses, or the loss never falls.
    """
    finite = int(np.argmin(np.isfinite(curve))) if not np.isfinite(curve).all() else len(curve)
    end = int(np.argmin(curve[:finite])) + 1 if finite else 0
    if end < 2:
        raise ValueError("the loss does not fall at any of these learning rates: begin lower")
    # Over a tenth of the test, after its first updates: a slope between neighbours depends on single batches.
    first = min(_SETTLED, end // 3)
    reach = max(1, min(len(rates) // 10, (end - first) // 3))
    places = np.arange(first + reach, max(end - reach, first + reach + 1)).clip(max=end - 1)
    left, right = places - reach, np.minimum(places + reach, end - 1)
    slope = (curve[right] - curve[left]) / np.log(rates[right] / rates[left])
    return float(rates[places[int(np.argmin(slope))]])
