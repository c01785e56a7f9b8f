"""How well groups of related rows estimate the variance of a mean: few of them, or one large one, do it badly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[Any]


def jackknife_scale(sizes: Numbers, part: Numbers) -> Floats:
    """Return the factors by which sums of residuals are multiplied before their squares give the variance.

    Residuals from a mean are too small, most of all those of a group that has a large share of the rows. This is the
    jackknife over groups (CR3): 1 / (1 - share), times √((G - 1) / G).

    Args:
        sizes: rows of each group, [G].
        part: int [G], the part of the rows, such as a class, with whose mean the rows of a group are compared.

    Returns:
        float64 [G]; 1 for a group that is alone in its part.
    """
    groups, rows = np.bincount(part)[part], np.bincount(part, weights=sizes)[part]
    alone = groups == 1
    left = np.where(alone, 1.0, 1 - sizes / rows)
    return np.asarray(np.where(alone, 1.0, np.sqrt((groups - 1) / groups) / left))


def degrees_of_freedom(sizes: Numbers, part: Numbers) -> float:
    """Return the degrees of freedom of the variance that groups estimate (Bell & McCaffrey 2002).

    They hold for the variance by `jackknife_scale`, where rows of a group are alike. G equal groups in each of C parts
    have C (G - 1); with one large group there are about 1 per part.

    Args:
        sizes: rows of each group, [G].
        part: int [G], see `jackknife_scale`; groups that are alone in their part do not count.
    """
    shared = np.bincount(part)[part] > 1
    if not shared.any():
        return 0.0
    sizes, part = sizes[shared], np.unique(part[shared], return_inverse=True)[1]
    weight = sizes / np.bincount(part, weights=sizes)[part]
    square = (sizes * jackknife_scale(sizes, part)) ** 2

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(part, weights=values), dtype=np.float64)

    # The variance is a quadratic form of the groups' means: B = A - w a' - a w' + (1'a) w w', A = diag(a).
    all_a, ww, wa = total(square), total(weight**2), total(weight * square)
    aa, waa, wwa = total(square**2), total(weight * square**2), total(weight**2 * square)
    trace = all_a - 2 * wa + all_a * ww
    of_square = aa - 4 * waa + 2 * all_a * wwa + 2 * (wa**2 + ww * aa) - 4 * all_a * wa * ww + (all_a * ww) ** 2
    return round(float(trace.sum() ** 2 / of_square.sum()), 9)


def independent_groups(sizes: Numbers) -> float:
    """Return the number of independent rows that groups are worth whose rows are all alike: (Σ sizes)² / Σ sizes²."""
    return float(sizes.sum() ** 2 / np.square(sizes).sum())


def t_quantile(level: float, freedom: float) -> float:
    """Return the quantile of Student's distribution that bounds a two-sided interval of this coverage."""
    from scipy.special import stdtrit  # where rows are related

    return float(stdtrit(max(freedom, 1.0), 0.5 + level / 2))
