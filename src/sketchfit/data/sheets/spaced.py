"""Read lists of paths and labels that blanks separate, e.g. `cat/1.png 3`, as many data sets have them."""

from __future__ import annotations

import re

from sketchfit.data.images import is_image_name
from sketchfit.data.sheets.sheet import Row


def is_spaced_list(text: str) -> bool:
    """Return whether each line is the path of an image, blanks and a label; the first may have two column names.

    Path and label may contain blanks. A path without the suffix of an image is recognised by its folder; the label is
    the last word then.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    body = lines[1:] if len(lines) > 1 and _split(lines[0]) is None and len(lines[0].split()) == 2 else lines
    return bool(body) and all(_split(line) is not None for line in body)


def read_spaced_list(text: str) -> list[Row]:
    """Return the path and the label of each line, and the column names as they are."""
    lines = enumerate(text.splitlines(), start=1)
    return [Row(number, _split(line) or tuple(line.split())) for number, line in lines if line.strip()]


def _split(line: str) -> tuple[str, str] | None:
    """Return the path and the label in a line, or None."""
    line = line.strip()
    for blank in re.finditer(r"\s+", line):
        path, label = line[: blank.start()], line[blank.end() :]
        if is_image_name(path):
            return None if is_image_name(label) else (path, label)
    path, _, label = line.rpartition(" ")
    is_path = "/" in path and not path.startswith(("http:", "https:"))
    is_label = "/" not in label and not is_image_name(label)  # `my 1.png` is the end of a path with blanks
    return (path.strip(), label) if is_path and is_label else None
