"""When two label cells name the same class, and in which order classes are numbered."""

from __future__ import annotations

import re
import unicodedata

from sketchfit.data.path_text import natural_key

MISSING_TEXTS = {"na", "n/a", "nan", "<na>", "none", "null", "?", "-"}
"""What programs write where a number is missing."""

_INTEGER = re.compile(r"([+-]?[0-9]{1,19})(?:\.0*)?")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_QUOTES = ('""', "''", "“”", "‘’", "«»", "``")


def clean_label(cell: str) -> str:
    """Return a label without what cannot be distinguished by eye: the key by which spellings are one class.

    Composed (NFC), without zero-width characters, surrounding blanks and pairs of quotes; every kind of blank is a
    space. A cell that has nothing else is only stripped.

    >>> clean_label('\\u200b"red\\u00a0apple" ')
    'red apple'
    """
    text = "".join(" " if unicodedata.category(one) == "Zs" else one for one in unicodedata.normalize("NFC", cell))
    text = text.translate(_INVISIBLE).strip()
    while len(text) > 2 and text[0] + text[-1] in _QUOTES:
        text = text[1:-1].strip()
    return text or cell.strip()


def as_integer(cell: str) -> int | None:
    """Return the integer in a cell (`7`, ` 7`, or `7.0` as pandas writes it), or None."""
    match = _INTEGER.fullmatch(clean_label(cell))
    return int(match[1]) if match else None


def number_key(cell: str) -> str:
    """Return the key of a cell that holds an integer: `7` for `7`, `+7` and `7.0`; a padded `007` is kept."""
    return clean_label(cell).removeprefix("+").partition(".")[0]


def label_order(key: str) -> tuple[int, int, tuple[tuple[int | str, ...], str]]:
    """Return the sort key of a class: numbers first, by value, then texts with their numbers by value.

    >>> sorted(["b10", "10", "b2", "-1", "2"], key=label_order)
    ['-1', '2', '10', 'b2', 'b10']
    """
    number = as_integer(key)
    return int(number is None), number or 0, natural_key(key)
