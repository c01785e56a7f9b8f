"""Values of typed formats (Parquet, workbooks, JSON) as text."""

from __future__ import annotations

import math


def as_text(cell: object) -> str:
    """Return a value as pandas writes it to CSV: "" for a missing one, `True`, `7`, `7.0`.

    >>> as_text(7), as_text(7.0), as_text(True), as_text(float("nan"))
    ('7', '7.0', 'True', '')
    """
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return str(cell)
