"""The predictions of a loaded model."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from sketchfit.inference.unknown import UNKNOWN, Rejection
from sketchfit.loaded.classes import ClassTexts

if TYPE_CHECKING:
    import pandas as pd

RANKS = 5
"""Classes per image, the most probable first."""

_SHOWN = 20
"""Images in a notebook's table."""


@dataclass(frozen=True)
class RankedClass:
    """A class and its probability: `label` as in the training table, `name` for display."""

    label: str
    name: str
    probability: float


@dataclass(frozen=True)
class ImagePrediction:
    """The prediction for one image.

    Attributes:
        image: what it is called: its path as it was given, else `#` and its position.
        label: of the most probable class, as in the training table; `unknown` where the image is rejected; "" where it
            could not be read.
        name: of that class, for display; likewise.
        index: of that class among the probabilities; -1 where there is none.
        probability: 0 … 1; NaN where there is no class.
        top: the five most probable classes, also of a rejected image.
        error: why the image could not be read; "" where it was.
        p_value: small where the image is of no class of the model; None where nothing is rejected.
        unknown: whether the image is rejected.
    """

    image: str
    label: str
    name: str
    index: int
    probability: float
    top: tuple[RankedClass, ...]
    error: str = ""
    p_value: float | None = None
    unknown: bool = False

    def __str__(self) -> str:
        return f"{self.image}: {self.error or ' '.join((self.name, *self._percent))}"

    @property
    def _percent(self) -> tuple[str, ...]:
        return () if self.error or self.unknown else (f"{100 * self.probability:.1f} %",)


class ImagePredictions(Sequence[ImagePrediction]):
    """The predictions for several images, in their order.

    Args:
        images: N names.
        proba: float32 [N, C]; NaN for images that could not be read.
        errors: N texts, why an image could not be read; "" where it was.
        classes: C classes.
        rejection: of images of unknown classes; None: nothing is rejected.
    """

    def __init__(
        self,
        images: Sequence[str],
        proba: NDArray[np.float32],
        errors: Sequence[str],
        classes: ClassTexts,
        rejection: Rejection | None = None,
    ) -> None:
        self.images, self.proba, self.errors, self.classes = tuple(images), proba, tuple(errors), classes
        self.rejection = rejection
        self._order = np.argsort(-proba, axis=1, kind="stable")[:, :RANKS]

    @property
    def labels(self) -> list[str]:
        """The label of each image; "" where it could not be read."""
        return [one.label for one in self]

    def to_pandas(self) -> pd.DataFrame:
        """Return the table that `sketchfit predict` writes: a row per image."""
        from sketchfit.inference.prediction_table import PredictionTable, prediction_columns

        columns = prediction_columns(self.images, self.proba, self.errors, self.classes, rejection=self.rejection)
        return PredictionTable(columns).frame()

    @override
    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, place: int) -> ImagePrediction: ...
    @overload
    def __getitem__(self, place: slice) -> ImagePredictions: ...
    @override
    def __getitem__(self, place: int | slice) -> ImagePrediction | ImagePredictions:
        rejection = self.rejection
        if isinstance(place, slice):
            parts = self.images[place], self.proba[place], self.errors[place]
            return ImagePredictions(*parts, self.classes, None if rejection is None else rejection.part(place))
        image, error = self.images[place], self.errors[place]
        p_value = None if rejection is None or error else float(rejection.p_value[place])
        unknown = rejection is not None and bool(rejection.rejected[place])
        if error:
            return ImagePrediction(image, "", "", -1, float("nan"), (), error)
        top = tuple(self._ranked(place, int(index)) for index in self._order[place])
        if unknown:
            return ImagePrediction(image, UNKNOWN, UNKNOWN, -1, float("nan"), top, "", p_value, unknown)
        index = int(self._order[place, 0])
        return ImagePrediction(image, top[0].label, top[0].name, index, top[0].probability, top, "", p_value)

    @override
    def __iter__(self) -> Iterator[ImagePrediction]:
        return (self[place] for place in range(len(self)))

    def __repr__(self) -> str:
        lines = [str(one) for one in self[:_SHOWN]]
        more = [f"… and {len(self) - _SHOWN:,} more"] if len(self) > _SHOWN else []
        return "\n".join([*lines, *more]) or "no images"

    def _repr_html_(self) -> str:
        rows = "".join(_row(one) for one in self[:_SHOWN])
        more = f"<p>… and {len(self) - _SHOWN:,} more</p>" if len(self) > _SHOWN else ""
        head = "<tr><th>image</th><th>class</th><th>probability</th><th>next</th></tr>"
        return f"<table>{head}{rows}</table>{more}"

    def _ranked(self, place: int, index: int) -> RankedClass:
        labels, names = self.classes.class_labels, self.classes.class_names
        return RankedClass(labels[index], names[index], float(self.proba[place, index]))


def _row(one: ImagePrediction) -> str:
    """Return one line of a notebook's table."""
    cells = [one.image, one.error or one.name, *(one._percent or ("",))]
    others = one.top[:2] if one.unknown else one.top[1:3]
    cells.append(", ".join(f"{other.name} {100 * other.probability:.1f} %" for other in others))
    return f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"
