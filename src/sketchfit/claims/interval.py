"""The interval of an accuracy from its standard error."""

from __future__ import annotations

from scipy.special import expit

from sketchfit.claims.signals import odds


def interval(value: float, half: float) -> tuple[float, float]:
    """Return the ends of an interval, symmetric in log-odds, so that it stays within 0 … 1 and contains the value.

    Args:
        value: accuracy, 0 … 1.
        half: half its width near the value.
    """
    middle = odds(value)
    inside = float(expit(middle))
    half /= inside * (1 - inside)
    return min(float(expit(middle - half)), value), max(float(expit(middle + half)), value)
