"""The line that is printed per epoch. It fits into a terminal of 80 columns; a long name has fewer figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sketchfit.wording import duration

WIDTH = 80
"""Columns. The live line and history.csv have what is left out for them."""

BETWEEN = "  "


def epoch_line(name: str, history: Sequence[Mapping[str, float | int | None]], epochs: int) -> str:
    """Return the figures of the last epoch in one line.

    The time that is left, the seconds and the images per second are included where there is space for them. Space is
    counted for their usual length, so that the parts do not change from epoch to epoch. Next to a long name, the
    accuracy on the training images is left out, then the loss; the name and the accuracy on held-out rows are not.

    Args:
        name: of the network.
        history: rows of history.csv, at least one.
        epochs: of the training.

    Examples:
        >>> row = {"epoch": 1, "train_loss": 2.283, "train_accuracy": 0.109, "valid_accuracy": None,
        ...        "images_per_second": 372.0, "seconds": 1.0}
        >>> epoch_line("test_resnet/fold0", [row], 16)
        'test_resnet/fold0  epoch  1/16  loss 2.283  train 10.9 %  15 s left  1 s'
    """
    row, left = history[-1], epochs - len(history)
    pace = sum(_number(past["seconds"]) for past in history) / len(history)
    line = _figures(f"{name}{BETWEEN}epoch {row['epoch']:>{len(str(epochs))}}/{epochs}", row)
    space = WIDTH - len(line)
    for text, usual in (
        (f"{duration(pace * left)} left" if left else "", 16),
        (f"{_number(row['seconds']):.0f} s", 4),
        (f"{_number(row['images_per_second']):.0f} images/s", 12),
    ):
        needed = len(BETWEEN) + max(len(text), usual)
        if needed <= space:
            space -= needed
            line += f"{BETWEEN}{text}" if text else ""
    return line


def _figures(start: str, row: Mapping[str, float | int | None]) -> str:
    """Return the line with the loss and the accuracies for which there is space."""
    valid = [] if row["valid_accuracy"] is None else [(f"valid {100 * row['valid_accuracy']:4.1f} %", 13)]
    found = [
        (f"loss {_number(row['train_loss']):.3f}", 10),
        (f"train {100 * _number(row['train_accuracy']):4.1f} %", 13),
        *valid,
    ]
    for dropped in (1, 0):
        if len(start) + sum(len(BETWEEN) + max(len(text), usual) for text, usual in found) > WIDTH:
            del found[dropped]
    return BETWEEN.join([start, *(text for text, _ in found)])


def _number(value: float | int | None) -> float:
    return 0.0 if value is None else float(value)
