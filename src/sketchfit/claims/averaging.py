"""The accuracy of an average of networks, from that of a single one, without labels.

Let q(x) be the probabilities of the average with the temperature at which they are calibrated. Then the most probable
class is right with probability max q(x), and the class that a single network chooses with its entry of q(x). The mean
of the latter over all rows is the accuracy of a single network. Where that is known, it fixes the temperature, and the
mean of max q(x) is the accuracy of the average. Networks that agree on every row gain nothing; the more often they
disagree, the larger the gain.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.special import softmax

from sketchfit.inference.arrays import Floats
from sketchfit.inference.calibration import logits

UNSURE_OF_GAIN = 0.25
"""Standard error of the gain of averaging, as a share of it."""

MOST_OF_ERRORS = 0.5
"""Largest gain, as a share of the errors of a single network. Where networks agree on test rows less often than
`single` allows, as on a test set that is harder than the training rows, every disagreement would count as a gain."""

_LOG_RANGE = 4.0


def averaged_accuracy(final: Floats, units: Sequence[Floats], single: float) -> float:
    """Estimate the accuracy of the final answer.

    Args:
        final: float [M, C], probabilities of the average; M at least 1.
        units: probabilities of each network that went into it, float [M, C] each.
        single: mean accuracy of these networks on the same rows, 0 … 1.

    Returns:
        Accuracy, at least `single`, and at most with `MOST_OF_ERRORS` fewer errors. It is `single` where there are
        fewer than two networks.
    """
    if len(units) < 2:
        return single
    z, rows = logits(final), np.arange(len(final))
    chosen = [unit.argmax(axis=1) for unit in units]

    def of_single(log_temperature: float) -> float:
        q = softmax(z / np.exp(log_temperature), axis=1)
        return float(np.mean([q[rows, one] for one in chosen]))

    low, high = of_single(_LOG_RANGE), of_single(-_LOG_RANGE)
    if single >= high:  # at zero temperature the average is certain: its gain is the share on which they differ
        log_temperature = -_LOG_RANGE
    elif single <= low:
        log_temperature = _LOG_RANGE
    else:
        log_temperature = float(brentq(lambda t: of_single(t) - single, -_LOG_RANGE, _LOG_RANGE, xtol=1e-4))
    best = float(softmax(z / np.exp(log_temperature), axis=1).max(axis=1).mean())
    return float(np.clip(single + best - of_single(log_temperature), single, single + MOST_OF_ERRORS * (1 - single)))


def agreement(units: Sequence[Floats]) -> float | None:
    """Return the share of rows on which two networks choose the same class, the mean over all pairs.

    Paper: "Assessing Generalization of SGD via Disagreement", Jiang et al., arXiv 2106.13799.

    Args:
        units: probabilities of each network, float [M, C] each.

    Returns:
        0 … 1; None for fewer than two networks.
    """
    if len(units) < 2 or not len(units[0]):
        return None
    chosen = np.stack([unit.argmax(axis=1) for unit in units])
    same = [float((chosen[i] == chosen[j]).mean()) for i in range(len(chosen)) for j in range(i)]
    return float(np.mean(same))
