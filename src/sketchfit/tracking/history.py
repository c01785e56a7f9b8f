"""`history.csv`: one line per epoch, always written."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sketchfit.files import write_text


def fill_last(path: Path, column: str, value: float) -> None:
    """Write a figure of the last epoch that was not known when the epoch ended, atomically.

    Args:
        path: of a history with at least one epoch.
        column: of the history.
        value: of the last epoch.
    """
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    rows[-1][column] = value
    write_history(path, rows)


def write_history(path: Path, rows: Sequence[Mapping[str, float | int | None]]) -> None:
    """Write all epochs so far, atomically; empty cells where an epoch was not validated."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
