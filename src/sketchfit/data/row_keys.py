"""Match the rows of two tables by a key, such as a path with or without its folder and suffix."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from sketchfit.data.images import is_image_name

MIN_SHARE = 0.5
"""A column with fewer keys of the other table is not its key."""


def match_rows(wanted: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return for each wanted key the row of `names` with the same key, -1 for none.

    Keys are compared as they are, then without letter case, suffix, folder, and zeros before a number: by the way that
    matches most rows, and the most exact one of these. A way that would make different keys equal is not used. A name
    that occurs several times is matched in order.

    >>> match_rows(["b", "a"], ["test/A.png", "test/B.png"])
    [1, 0]
    >>> match_rows(["a.2", "a.1"], ["a.1.png", "a.2.png"])
    [1, 0]
    """
    best: list[int] = [-1] * len(wanted)
    exact = (len(set(map(_plain, wanted))), len(set(map(_plain, names))))
    for form in FORMS:
        keys, known = [form(cell) for cell in wanted], [form(name) for name in names]
        if (len(set(keys)), len(set(known))) == exact:
            best = max(best, _match(keys, known), key=matched)
        if matched(best) == len(names):
            break
    return best


def matched(rows: Sequence[int]) -> int:
    """Return how many different rows are matched."""
    return len(set(rows) - {-1})


def best_match(wanted: Sequence[str], ways: Sequence[Sequence[str]]) -> list[int]:
    """Return the rows of `match_rows` for the column that matches most rows; the first of equal ones."""
    return max((match_rows(wanted, names) for names in ways), key=matched, default=[-1] * len(wanted))


def are_positions(cells: Sequence[str]) -> bool:
    """Return whether cells are the numbers of their rows, from 0 or 1.

    >>> are_positions(["1", "2", "3"])
    True
    """
    return any([cell.strip() for cell in cells] == [str(k + start) for k in range(len(cells))] for start in (0, 1))


def is_id(column: str) -> bool:
    """Return whether a column's name is that of a key, such as `ID`, `image_id` or `file name`."""
    return column.casefold().endswith(("id", "key", "name"))


def _plain(key: str) -> str:
    text = key.strip().replace("\\", "/")
    return text.removeprefix("./")


def _folded(key: str) -> str:
    return unicodedata.normalize("NFC", _plain(key)).casefold()


def _without_suffix(key: str) -> str:
    folder, slash, name = _folded(key).rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return folder + slash + (stem if dot and stem else name)


def _without_image_suffix(key: str) -> str:
    """Keep the end of a stem with a point in it: `a.6` of `a.6.png`, and `a.6` itself."""
    return _without_suffix(key) if is_image_name(key.strip()) else _folded(key)


def _base(key: str) -> str:
    return _folded(key).rpartition("/")[2]


def _stem(key: str) -> str:
    return _without_suffix(key).rpartition("/")[2]


def _image_stem(key: str) -> str:
    return _without_image_suffix(key).rpartition("/")[2]


def _unpadded(key: str) -> str:
    stem = _stem(key)
    return stem.lstrip("0") or "0" if stem.isascii() and stem.isdecimal() else stem


FORMS: tuple[Callable[[str], str], ...] = (
    _plain, _folded, _without_image_suffix, _without_suffix, _base, _image_stem, _stem, _unpadded,
)  # fmt: skip


def _match(wanted: Sequence[str], names: Sequence[str]) -> list[int]:
    waiting: dict[str, list[int]] = {}
    for row in reversed(range(len(names))):
        waiting.setdefault(names[row], []).append(row)
    rows = []
    for cell in wanted:
        queue = waiting.get(cell)
        rows.append(-1 if queue is None else queue.pop() if len(queue) > 1 else queue[0])
    return rows
