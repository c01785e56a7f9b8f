"""The table of predictions for new images: one row per image, one column per fact."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.inference.arrays import Floats
from sketchfit.inference.unknown import UNKNOWN, Rejection

RANKS = 5
"""Number of classes per image, the most probable first."""
DIGITS = 6
"""Decimals of probabilities."""


class ClassesOfTable(Protocol):
    """What the table calls its classes, and their names."""

    @property
    def class_labels(self) -> tuple[str, ...]:
        """C texts, as in the training table."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """C names for display."""
        ...


def prediction_table(
    images: Sequence[str],
    prob: Floats,
    errors: Sequence[str],
    table: ClassesOfTable,
    inside: NDArray[np.bool_] | None = None,
    rejection: Rejection | None = None,
) -> pd.DataFrame:
    """Return the predictions as a table; see `commands.predict` for its columns.

    Args:
        images: N names.
        prob: float [N, C].
        errors: N reasons why an image could not be read; "" for one that was. The others have no class.
        table: the classes.
        inside: bool [N, C], the prediction sets; None: no column `set`.
        rejection: of images of unknown classes; None: no column `p_value`.
    """
    order = np.argsort(-prob, axis=1, kind="stable")
    best, read = order[:, 0], np.array([not error for error in errors], dtype=np.bool_)
    rejected = np.zeros(len(read), dtype=np.bool_) if rejection is None else rejection.rejected
    known = read & ~rejected
    frame = pd.DataFrame({"image": list(images)})
    frame["label"] = np.where(rejected, UNKNOWN, _texts(table.class_labels, best, read)).tolist()
    frame["index"] = pd.array(np.where(known, best, -1), dtype="Int64")
    frame.loc[~known, "index"] = pd.NA
    frame["name"] = np.where(rejected, UNKNOWN, _texts(table.class_names, best, read)).tolist()
    frame["probability"] = _probabilities(prob, best, known)
    for rank in range(min(RANKS, prob.shape[1])):
        frame[f"label_{rank + 1}"] = _texts(table.class_labels, order[:, rank], read)
        frame[f"probability_{rank + 1}"] = _probabilities(prob, order[:, rank], read)
    if inside is not None:
        sets = ([table.class_labels[k] for k in line if inside[row, k]] for row, line in enumerate(order))
        texts = [json.dumps(one, ensure_ascii=False) for one in sets]
        frame["set"] = [text if known else "" for text, known in zip(texts, read, strict=True)]
    if rejection is not None:
        frame["p_value"] = rejection.p_value.round(DIGITS)
    frame["error"] = list(errors)
    return frame


def _texts(texts: Sequence[str], index: NDArray[np.int64], read: NDArray[np.bool_]) -> list[str]:
    return [texts[k] if known else "" for k, known in zip(index, read, strict=True)]


def _probabilities(prob: Floats, index: NDArray[np.int64], read: NDArray[np.bool_]) -> NDArray[np.float64]:
    found = np.take_along_axis(prob, index[:, None], axis=1)[:, 0].astype(np.float64).round(DIGITS)
    return np.where(read, found, np.nan)
