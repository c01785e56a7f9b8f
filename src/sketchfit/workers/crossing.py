"""Events and errors of a training in another process, as something that can be pickled."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable

from typing_extensions import override

from sketchfit.disk import disk_error
from sketchfit.tracking.callback import Callback, Row
from sketchfit.workers.messages import UnitEvent


class EventSender(Callback):
    """Sends each event of a training as a message.

    Args:
        send: receives the messages.
    """

    def __init__(self, send: Callable[[UnitEvent], object]) -> None:
        self._send = send

    @override
    def step_finished(self, member: str, fold: int, step: int, row: Row) -> None:
        self._send(UnitEvent("step_finished", (member, fold, step, row)))

    @override
    def epoch_finished(self, member: str, fold: int, row: Row) -> None:
        self._send(UnitEvent("epoch_finished", (member, fold, row)))

    @override
    def fold_finished(self, member: str, fold: int, row: Row) -> None:
        self._send(UnitEvent("fold_finished", (member, fold, row)))


def sendable(error: Exception) -> Exception:
    """Return an error that can be pickled, with its traceback as a note."""
    error.add_note(traceback.format_exc())
    error = disk_error(error) or error  # its cause would not be sent
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(traceback.format_exc())
    return error
