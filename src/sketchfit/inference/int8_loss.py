"""How much accuracy a quantised network loses, on drawings that its quantisation has not used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.errors import UserError
from sketchfit.inference.intervals import accuracy, paired_difference
from sketchfit.models.backend import Pictures
from sketchfit.models.conversion.modules import PROBABILITIES
from sketchfit.models.conversion.session import onnx_session, run_batches
from sketchfit.runs.estimates import Difference, Estimate

BATCH = 32


@dataclass(frozen=True)
class Int8Loss:
    """Accuracy before and after quantisation.

    Attributes:
        fp32, int8: accuracy of the two graphs.
        difference: int8 minus fp32, on the same rows.
        equal: share of rows with the same answer.
        largest: largest difference of a probability.
    """

    fp32: Estimate
    int8: Estimate
    difference: Difference
    equal: float
    largest: float

    def check(self, most: float) -> None:
        """Refuse a loss above a limit.

        Args:
            most: accuracy that may be lost, as a proportion.

        Raises:
            UserError: it loses more.
        """
        if -self.difference.value > most:
            raise UserError(
                f"int8 is refused: it loses more than {100 * most:g} points of accuracy: {self.difference}",
                "Leave int8 out, allow a larger loss, or choose a backbone that loses less (docs/export-table.md).",
            )


@dataclass(frozen=True)
class LabelledPictures:
    """Drawings with their labels.

    Attributes:
        pictures: uint8 [N, size, size, channels].
        labels: int64 [N].
        group: int64 [N], related rows share a number; None: rows are independent.
    """

    pictures: Pictures
    labels: NDArray[np.int64]
    group: NDArray[np.int64] | None = None


def measure_int8(
    graph: bytes, int8: bytes, held_out: LabelledPictures, threads: int, *, any_batch: bool = True
) -> Int8Loss:
    """Compare a quantised graph with the one that it was made from.

    Args:
        graph, int8: the two, in ONNX.
        held_out: drawings that neither network nor quantisation has learnt from.
        threads: of the processor.
        any_batch: whether the graphs take any number of pictures.
    """
    batch = BATCH if any_batch else 1
    before, after = (
        run_batches(onnx_session(one, threads), PROBABILITIES, held_out.pictures, batch) for one in (graph, int8)
    )
    answers = before.argmax(axis=1), after.argmax(axis=1)
    right = [found == held_out.labels for found in answers]
    return Int8Loss(
        accuracy(right[0], held_out.group),
        accuracy(right[1], held_out.group),
        paired_difference(right[0], right[1], held_out.group),
        float((answers[0] == answers[1]).mean()),
        float(np.abs(before - after).max()),
    )
