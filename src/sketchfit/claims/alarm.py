"""Whether the test rows contradict what out-of-fold rows let expect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from sketchfit.claims.label_free import LabelFree
from sketchfit.claims.signals import odds

LEVEL = 0.02
"""p-value below which the alarm fires. docs/label-free.md has the share of splits without a shift on which it does."""

METHOD_ERROR = 0.08
"""Standard deviation of the difference in log-odds that more rows would not reduce."""


@dataclass(frozen=True)
class Alarm:
    """A two-sided test of equal accuracy of single networks.

    Attributes:
        fires: whether the two figures disagree beyond what splits without a shift show.
        z: log-odds by the test rows minus those by out-of-fold rows, in standard errors.
        p_value: of the difference.
    """

    fires: bool
    z: float
    p_value: float


def alarm(found: LabelFree, single: float, error: float) -> Alarm:
    """Compare the estimate without labels with the expectation from out-of-fold rows.

    Single networks are compared, because averaging changes both figures in the same way.

    Args:
        found: the estimate without labels.
        single: the expected mean accuracy of a single network on the test rows.
        error: its standard error; related rows are taken into account.
    """
    inside = float(np.clip(single, 0.01, 0.99))
    scale = inside * (1 - inside)
    spread = float(np.sqrt((found.split_error**2 + error**2) / scale**2 + METHOD_ERROR**2))
    z = (odds(found.single) - odds(single)) / spread
    p_value = float(2 * ndtr(-abs(z)))
    return Alarm(p_value < LEVEL, z, p_value)
