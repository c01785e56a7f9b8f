"""A figure with its interval, and the difference of two: what a run stores of every comparison."""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.wording import p_statement


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes:
        value, low, high: in the figure's own unit (a proportion for accuracy: 0 … 1).
        n: rows that it rests on.

    Examples:
        >>> import sketchfit
        >>> print("top-1", sketchfit.Run.open("runs/first").steps[0].top1)
        top-1 ... % (95 % interval ..., n = 32)
    """

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        """As a percentage: `71.2 % (95 % interval 69.0–73.3, n = 724)`."""
        return f"{100 * self.value:.1f} % (95 % interval {100 * self.low:.1f}–{100 * self.high:.1f}, n = {self.n:,})"


@dataclass(frozen=True)
class Difference:
    """Second minus first, on the same rows.

    Attributes:
        value, low, high: mean difference and its 95 % interval, in the unit of what was compared.
        p_value: two-sided; the share of resamples on the far side of 0, doubled (and so never below
            2 / (resamples + 1)), or that of McNemar's exact test where rows are right or wrong and independent and that
            is larger. It is below 0.05 exactly where the interval excludes 0.
        n: rows compared.
    """

    value: float
    low: float
    high: float
    p_value: float
    n: int

    @property
    def helps(self) -> bool:
        """The lower end of the interval is above 0."""
        return self.low > 0

    @property
    def hurts(self) -> bool:
        """The upper end of the interval is below 0."""
        return self.high < 0

    @property
    def points(self) -> str:
        """In percentage points, with the 95 % interval: `+1.4 points (+0.2 to +2.6)`."""
        return f"{100 * self.value:+.1f} points ({100 * self.low:+.1f} to {100 * self.high:+.1f})"

    def __str__(self) -> str:
        """In percentage points: `+1.4 points (95 % interval +0.2 to +2.6, p = 0.021, n = 724)`."""
        return (
            f"{100 * self.value:+.1f} points (95 % interval {100 * self.low:+.1f} to {100 * self.high:+.1f}, "
            f"{p_statement(self.p_value)}, n = {self.n:,})"
        )
