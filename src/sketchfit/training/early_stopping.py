"""Early stopping, decided from the history, so that a resumed training needs no further state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def should_stop(history: Sequence[Mapping[str, float | int | None]], patience: int) -> bool:
    """Return whether none of the last `patience` validations was better than those before.

    Args:
        history: one row per epoch; `valid_accuracy` is None where the epoch was not validated.
        patience: 0: never stop.
    """
    figures = [float(value) for row in history if (value := row.get("valid_accuracy")) is not None]
    if patience == 0 or len(figures) <= patience:
        return False
    return max(figures[-patience:]) <= max(figures[:-patience])
