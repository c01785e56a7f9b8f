"""Texts from lists and counts, for messages and pages."""

from __future__ import annotations

from collections.abc import Iterable


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


def counted(number: int, noun: str) -> str:
    """Join a number and its noun, whose plural ends in `s`.

    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
