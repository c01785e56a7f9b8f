"""The table of predictions for new images: one row per image, one column per fact. It needs no pandas."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sketchfit.inference.arrays import Floats
from sketchfit.inference.unknown import UNKNOWN, Rejection

if TYPE_CHECKING:
    import pandas as pd

    from sketchfit.runs.estimates import Estimate

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


@dataclass(frozen=True)
class PredictionTable:
    """Predictions and what is known of them; see `sketchfit.predict` for the columns and the other attributes.

    Attributes:
        columns: N values each: texts, floats (NaN where there is none), and in `index` integers or None.
        notes: files that are missing or not used, one sentence each.
        accuracy: to expect on these images, estimated without labels.
        contradicts: the claim of the run, where these images contradict it.
        compared_with: what p-values rest on.
    """

    columns: Mapping[str, Sequence[Any]]
    notes: tuple[str, ...] = ()
    accuracy: Estimate | None = None
    contradicts: Estimate | None = None
    compared_with: str | None = None

    def csv(self) -> str:
        """Return the columns as CSV, a line per image after the names; what is missing is empty."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(zip(*([_cell(one) for one in column] for column in self.columns.values()), strict=True))
        return text.getvalue()

    def frame(self) -> pd.DataFrame:
        """Return the columns as a table of pandas; the other attributes are in its `attrs`."""
        import pandas as pd

        columns = dict(self.columns)
        frame = pd.DataFrame(columns | {"index": pd.array(list(columns["index"]), dtype="Int64")})
        names = ("notes", "accuracy", "contradicts", "compared_with")
        frame.attrs.update({name: getattr(self, name) for name in names})
        return frame


def prediction_columns(
    images: Sequence[str],
    prob: Floats,
    errors: Sequence[str],
    table: ClassesOfTable,
    inside: NDArray[np.bool_] | None = None,
    rejection: Rejection | None = None,
) -> dict[str, list[Any]]:
    """Return the columns of a table of predictions.

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
    columns: dict[str, list[Any]] = {
        "image": list(images),
        "label": _answers(table.class_labels, best, read, rejected),
        "index": [int(k) if one else None for k, one in zip(best, known, strict=True)],
        "name": _answers(table.class_names, best, read, rejected),
        "probability": _probabilities(prob, best, known),
    }
    for rank in range(min(RANKS, prob.shape[1])):
        columns[f"label_{rank + 1}"] = _texts(table.class_labels, order[:, rank], read)
        columns[f"probability_{rank + 1}"] = _probabilities(prob, order[:, rank], read)
    if inside is not None:
        sets = ([table.class_labels[k] for k in line if inside[row, k]] for row, line in enumerate(order))
        texts = [json.dumps(one, ensure_ascii=False) for one in sets]
        columns["set"] = [text if one else "" for text, one in zip(texts, read, strict=True)]
    if rejection is not None:
        columns["p_value"] = rejection.p_value.astype(np.float64).round(DIGITS).tolist()
    columns["error"] = list(errors)
    return columns


def _answers(
    texts: Sequence[str], index: NDArray[np.int64], read: NDArray[np.bool_], rejected: NDArray[np.bool_]
) -> list[str]:
    answers = _texts(texts, index, read)
    return [UNKNOWN if unknown else one for one, unknown in zip(answers, rejected, strict=True)]


def _texts(texts: Sequence[str], index: NDArray[np.int64], read: NDArray[np.bool_]) -> list[str]:
    return [texts[k] if known else "" for k, known in zip(index, read, strict=True)]


def _probabilities(prob: Floats, index: NDArray[np.int64], read: NDArray[np.bool_]) -> list[float]:
    found = np.take_along_axis(prob, index[:, None], axis=1)[:, 0].astype(np.float64).round(DIGITS)
    return [float(value) for value in np.where(read, found, np.nan)]


def _cell(value: Any) -> Any:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value
