"""Texts in charts: how wide they are, and names cut to a width."""

from __future__ import annotations

import unicodedata

_NARROW, _WIDE = 6.3, 11.0
"""Mean width of a character of a label in units; characters of Chinese, Japanese and Korean are wide."""


def text_width(text: str) -> float:
    """Estimate the width of a label in units."""
    return sum(_width(character) for character in text)


def shortened(text: str, width: float) -> str:
    """Cut a text to a width in units, with an ellipsis.

    >>> shortened("a_long_name_of_a_run", 60)
    'a_long_n…'
    """
    if text_width(text) <= width:
        return text
    kept, used = "", _NARROW
    for character in text:
        used += _width(character)
        if used > width:
            break
        kept += character
    return f"{kept.rstrip()}…"


def _width(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    return _WIDE if unicodedata.east_asian_width(character) in "WF" else _NARROW
