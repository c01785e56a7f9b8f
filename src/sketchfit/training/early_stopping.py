"""When to stop early: read off the history, so that a resumed training needs no further memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def should_stop(history: Sequence[Mapping[str, float | int | None]], patience: int) -> bool:
    """Whether the last `patience` validations brought nothing better than what was before them.

    Args:
        history: a row an epoch; `valid_accuracy` is None where the epoch was not validated.
        patience: 0 never stops.
    """
    figures = [float(value) for row in history if (value := row.get("valid_accuracy")) is not None]
    if patience == 0 or len(figures) <= patience:
        return False
    return max(figures[-patience:]) <= max(figures[:-patience])
