"""`history.csv`: one line per epoch, always written."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from sketchfit.files import write_text


def write_history(path: Path, rows: Sequence[Mapping[str, float | int | None]]) -> None:
    """Write all epochs so far, atomically; empty cells where an epoch was not validated."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
