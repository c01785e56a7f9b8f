"""An executor that trains units in this process, but through parcels, as workers get them."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

from sketchfit.training.context import RunContext, TrainingUnit
from sketchfit.training.fold_result import FoldResult
from sketchfit.workers.messages import UnitMessage
from sketchfit.workers.parcel import SharedParcel
from sketchfit.workers.train_parcel import train_parcel
from sketchfit.workers.unit_state import UnitState


class InProcess:
    """Trains each unit from its pickled parcel."""

    at_once = 2

    def __init__(self, context: RunContext) -> None:
        self.shared = SharedParcel.of(context, 1)
        self.messages: list[UnitMessage] = []
        self.trained: list[TrainingUnit] = []

    def train(self, units: Sequence[TrainingUnit]) -> list[FoldResult]:
        for unit in units:
            if not unit.is_done:
                self.trained.append(unit)
                self._train(UnitState(unit))
        return [unit.train(unit.context) for unit in units]

    def _train(self, state: UnitState) -> None:
        shared, parcel = _travelled(self.shared), _travelled(state.parcel())

        def send(messages: Sequence[UnitMessage]) -> int:
            received = _travelled(list(messages))
            self.messages += received
            state.receive(1, received)
            return 0

        state.end(_travelled(train_parcel(shared, parcel, send)))


def _travelled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))
