"""Tables that sketchfit writes for people: they name images and classes, and are no data to learn from."""

from __future__ import annotations

from collections.abc import Sequence

PREDICTIONS = ("image", "label", "index", "name", "probability")
"""First columns of what `predict` writes."""

LABEL_ISSUES = ("image_path", "label", "suggested", "p_label", "p_suggested", "reason", "decision")
"""Columns of the review file of a report. `decision` is empty, for the user to fill in: `exclude`, a class's name, or
nothing to keep the label."""


def is_own_table(header: Sequence[str]) -> bool:
    """Return whether a table with these columns was written by sketchfit.

    >>> is_own_table(["image", "label", "index", "name", "probability", "label_1"]), is_own_table(["image", "label"])
    (True, False)
    """
    return any(tuple(header[: len(own)]) == own for own in (PREDICTIONS, LABEL_ISSUES))
