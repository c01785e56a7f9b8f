"""Numbers as text: shares, intervals, differences, p-values."""

from __future__ import annotations

import math
import re

from markupsafe import Markup, escape

from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.wording import higher_or_lower, p_statement, p_value

__all__ = [
    "MISSING",
    "breakable",
    "capitalised",
    "compact",
    "decimals",
    "gain",
    "higher_or_lower",
    "interval",
    "interval_decimals",
    "minus",
    "number",
    "p_statement",
    "p_value",
    "percent",
    "points",
    "points_interval",
    "signed_decimals",
    "signed_decimals_interval",
    "thousands",
    "together",
    "verdict",
    "with_code",
]

MISSING = "–"


def percent(share: float | None) -> str:
    """Format a share: `72.3 %`; a dash where it is unknown."""
    return MISSING if share is None or math.isnan(share) else f"{100 * share:.1f} %"


def decimals(value: float | None) -> str:
    """Format with three decimals: `0.975`; a dash where it is unknown."""
    return MISSING if value is None or math.isnan(value) else minus(f"{value:.3f}")


def minus(text: str) -> str:
    """Write the signs of negative numbers as minus signs; the hyphens of words, ranges and settings stay.

    >>> minus("near-copies: -1.4 to +6.4 (-0.5), folds.k=-1, 3-4")
    'near-copies: −1.4 to +6.4 (−0.5), folds.k=-1, 3-4'
    """
    return re.sub(r"(?<![^\s(])-(?=\.?\d)", "−", text)


def interval(estimate: Estimate) -> str:
    """Format the interval of a share in percent: `66.4–77.6`."""
    return f"{100 * estimate.low:.1f}–{100 * estimate.high:.1f}"


def interval_decimals(estimate: Estimate) -> str:
    """Format an interval with three decimals: `0.910–1.049`."""
    return f"{estimate.low:.3f}–{estimate.high:.3f}"


def points(difference: float) -> str:
    """Format a difference of shares in percentage points: `+2.3`, `−1.0`."""
    return minus(f"{100 * difference:+.1f}")


def points_interval(difference: Difference) -> str:
    """Format the interval of a difference in percentage points: `−1.4 to +6.4`."""
    return minus(f"{100 * difference.low:+.1f} to {100 * difference.high:+.1f}")


def gain(difference: Difference) -> str:
    """Format a gain as one figure with its interval: `+2.3 points (−1.4 to +6.4)`."""
    return minus(difference.points)


def signed_decimals(difference: float) -> str:
    """Format a difference with three decimals: `+0.012`, `−0.340`."""
    return minus(f"{difference:+.3f}")


def signed_decimals_interval(difference: Difference) -> str:
    """Format the interval of a difference with three decimals: `−0.008 to +0.009`."""
    return minus(f"{difference.low:+.3f} to {difference.high:+.3f}")


def verdict(difference: Difference) -> str:
    """Return what the interval of a difference shows: `higher`, `lower` or `no difference shown`."""
    if difference.helps:
        return "higher"
    return "lower" if difference.hurts else "no difference shown"


def number(value: float) -> str:
    """Format with three significant digits: `0.0312`."""
    return minus(f"{value:.3g}")


def compact(value: float) -> str:
    """Format in about four characters: `0.031`, `12.5`, `1,200`, `3.4 M`."""
    size = abs(value)
    if size >= 1e6:
        return minus(f"{value / 1e6:.3g} M")
    if size >= 1000:
        return minus(f"{value:,.0f}")
    return minus(f"{float(f'{value:.3g}'):g}")


def thousands(value: int) -> str:
    """Format a count: `15,021`."""
    return f"{value:,}"


def capitalised(sentence: str) -> str:
    """Begin a sentence with a capital letter; the rest is unchanged."""
    return sentence[:1].upper() + sentence[1:]


def breakable(path: str) -> Markup:
    """Let a line break after each slash and underscore of a path."""
    return Markup(re.sub(r"([/_])", r"\1<wbr>", str(escape(path))))


def together(text: str) -> str:
    """Keep a text such as `72.3 %` on one line, by no-break spaces."""
    return text.replace(" ", "\u00a0")


def with_code(text: str) -> Markup:
    """Escape a text, and mark what is between two backticks as code: `` `a=1` `` becomes `<code>a=1</code>`."""
    *pairs, last = re.split(r"`([^`]*)`", text)
    plain, code = pairs[::2], pairs[1::2]
    parts = [Markup("{}<code>{}</code>").format(*one) for one in zip(plain, code, strict=True)]
    return Markup("").join([*parts, escape(last)])
