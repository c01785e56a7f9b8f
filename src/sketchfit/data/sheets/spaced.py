"""Read lists of paths and labels that blanks separate, e.g. `cat/1.png 3`, as many data sets have them."""

from __future__ import annotations

from sketchfit.data.images import is_image_name
from sketchfit.data.sheets.sheet import Row


def is_spaced_list(text: str) -> bool:
    """Return whether each line is the path of an image, blanks and a label.

    The path may contain blanks, the label not. A path without the suffix of an image is recognised by its folder.
    """
    pairs = [line.rsplit(maxsplit=1) for line in text.splitlines() if line.strip()]
    return bool(pairs) and all(len(pair) == 2 and _is_path(pair[0]) and not _is_path(pair[1]) for pair in pairs)


def read_spaced_list(text: str) -> list[Row]:
    """Return the path and the label of each line."""
    lines = enumerate(text.splitlines(), start=1)
    return [Row(number, tuple(line.rsplit(maxsplit=1))) for number, line in lines if line.strip()]


def _is_path(cell: str) -> bool:
    return is_image_name(cell) or ("/" in cell and not cell.startswith(("http:", "https:")))
