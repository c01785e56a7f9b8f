"""What is measured, a file each; `ALL` names them in the order of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.case import Case
from benchmarks.measure import Measurement
from benchmarks.measurements import building, fold, inference, memory, pipeline, startup, training

ALL: dict[str, Callable[[Case], Sequence[Measurement]]] = {
    "pipeline": pipeline.measurements,
    "training": training.measurements,
    "fold": fold.measurements,
    "inference": inference.measurements,
    "building": building.measurements,
    "memory": memory.measurements,
    "startup": startup.measurements,
}
