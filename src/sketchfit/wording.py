"""Texts from lists, counts, times, p-values and changes, for messages and pages."""

from __future__ import annotations

from collections.abc import Iterable

P_FLOOR = 0.001
"""Smallest p-value that is written. The tests by resampling here cannot give much smaller ones, and a smaller one of an
exact test would look like stronger evidence than it is."""


def listed(items: Iterable[object], limit: int = 10) -> str:
    """Join the first items, and count the others.

    >>> listed(["a", "b", "c"], limit=2)
    'a, b and 1 more'

    Args:
        items: anything with a text form.
        limit: number of items that are named.
    """
    texts = [str(item) for item in items]
    more = len(texts) - limit
    return ", ".join(texts[:limit]) + (f" and {more:,} more" if more > 0 else "")


def counted(number: int, noun: str, several: str | None = None) -> str:
    """Join a number and its noun.

    >>> counted(1, "row"), counted(1200, "row"), counted(0, "class"), counted(2, "copy")
    ('1 row', '1,200 rows', '0 classes', '2 copies')
    >>> counted(1, "row is", "rows are"), counted(2, "row is", "rows are")
    ('1 row is', '2 rows are')

    Args:
        number: 0 or more.
        noun: for 1, perhaps with its verb.
        several: for any other number; None: the plural of the noun.
    """
    return f"{number:,} {noun if number == 1 else several or plural(noun)}"


def plural(noun: str) -> str:
    """Return the plural of a regular noun.

    >>> [plural(noun) for noun in ("drawing", "class", "batch", "epoch", "box", "copy", "key")]
    ['drawings', 'classes', 'batches', 'epochs', 'boxes', 'copies', 'keys']
    """
    if noun.endswith(("s", "x", "tch", "nch", "sh")):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def size_text(count: float) -> str:
    """Return a number of bytes in decimal units.

    >>> size_text(12_400_000), size_text(1.23e9), size_text(2.5e12), size_text(16_384), size_text(1.3e6)
    ('12 MB', '1.2 GB', '2,500.0 GB', '16 kB', '1.3 MB')
    """
    if count >= 1e9:
        return f"{count / 1e9:,.1f} GB"
    if count >= 1e6:
        return f"{count / 1e6:.0f} MB" if count >= 9.95e6 else f"{count / 1e6:.2g} MB"
    return f"{max(1, round(count / 1e3))} kB" if count else "0 kB"


def duration(seconds: float) -> str:
    """Format a time.

    >>> duration(52), duration(252), duration(7500)
    ('52 s', '4 min 12 s', '2 h 05 min')
    """
    total = round(seconds)
    if total < 100:
        return f"{total} s"
    if total < 6000:
        return f"{total // 60} min {total % 60:02d} s"
    return f"{total // 3600} h {total % 3600 // 60:02d} min"


def p_value(value: float) -> str:
    """Return a p-value with two digits, or its upper bound where it is at most `P_FLOOR`.

    >>> p_value(0.0312), p_value(0.0009995), p_value(6.1e-87)
    ('0.031', '≤ 0.001', '≤ 0.001')
    """
    return f"≤ {P_FLOOR:g}" if value <= P_FLOOR else f"{value:.2g}"


def p_statement(value: float) -> str:
    """Return a p-value as a statement.

    >>> p_statement(0.0312), p_statement(1e-12)
    ('p = 0.031', 'p ≤ 0.001')
    """
    text = p_value(value)
    return f"p {text}" if value <= P_FLOOR else f"p = {text}"


def loss_change(gain: float, low: float, high: float) -> str:
    """Return the change of a log-loss, of a gain (positive: it is lower) and its interval.

    >>> loss_change(0.034, 0.018, 0.05), loss_change(-0.002, -0.003, 0.001)
    ('0.034 lower (-0.050 to -0.018)', '0.002 higher (-0.001 to +0.003)')

    Args:
        gain, low, high: nats.
    """
    return f"{abs(gain):.3f} {'lower' if gain > 0 else 'higher'} ({-high:+.3f} to {-low:+.3f})"


def higher_or_lower(change: float) -> str:
    """Return the difference of two shares in percentage points and words.

    >>> higher_or_lower(-0.12), higher_or_lower(0.023), higher_or_lower(0.0004)
    ('12.0 points lower', '2.3 points higher', 'equal')
    """
    size = f"{100 * abs(change):.1f}"
    if size == "0.0":
        return "equal"
    return f"{size} points {'higher' if change > 0 else 'lower'}"
