"""Checkpoints that are not at the end of an epoch: when they are due, and of a training that a signal stops."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import torch

from sketchfit.interruption import (
    STOPPED,
    Terminated,
    handle_stop,
    postponed_stop,
    stop_allowed,
    stop_is_waiting,
    take_save_request,
)
from sketchfit.training.engine import Engine
from sketchfit.training.state import TrainState

AGREE_EVERY = 16
"""Most updates after which several processes agree on whether to save; each time they wait for the device."""

AGREE_SECONDS = 1.0
"""Time after which they agree, where an update takes so long that fewer fit into it."""

SLOW = 1.0
"""Seconds of an update from which it is stopped before its end; its images are then used again."""

_LOG = logging.getLogger(__name__)


class SaveTimes:
    """When the checkpoint of a training is due: after a time, on request by a signal, and before a stop.

    Args:
        state: of the training.
        engine: all processes save together, by the main process's clock.
        seconds: between two checkpoints; 0: only on request.
    """

    def __init__(self, state: TrainState, engine: Engine, seconds: float) -> None:
        self._state, self._engine, self._seconds = state, engine, seconds
        self._last, self._agree_at = time.monotonic(), 0

    def save_if_due(self, number: int, save: Callable[[], None]) -> None:
        """Save where that is due after an update.

        Args:
            number: of the update.
            save: writes the checkpoint.

        Raises:
            Terminated: after the checkpoint, where one of several processes received a signal that stops.
        """
        if self._engine.processes > 1 and number < self._agree_at:
            return
        overdue, requested, stopped = self._agreed(number)
        if overdue or requested or stopped:
            save()
            self._last = time.monotonic()
        if requested:
            _LOG.info("checkpoint saved on request, after update %d", number + 1)
        if stopped:
            raise Terminated

    def _agreed(self, number: int) -> tuple[bool, bool, bool]:
        """Return whether a checkpoint is overdue or requested, and whether one of several processes is stopped."""
        engine = self._engine
        overdue = engine.is_main and 0 < self._seconds < time.monotonic() - self._last
        requested = take_save_request()
        if engine.processes == 1:
            return overdue, requested, False
        found = engine.sum([overdue, requested, stop_is_waiting(), self._state.update_seconds])
        seconds = found[3] / engine.processes
        self._agree_at = number + agree_after(seconds)
        return bool(found[0]), bool(found[1]), bool(found[2])


def agree_after(seconds: float) -> int:
    """Return the number of updates after which processes agree, where an update takes so many seconds."""
    return max(1, min(AGREE_EVERY, int(AGREE_SECONDS / max(seconds, 1e-9))))


@contextmanager
def saved_when_stopped(name: str, state: TrainState, engine: Engine, save: Callable[[], None]) -> Iterator[None]:
    """Save a checkpoint where a signal stops the block: all complete updates are in it.

    Several processes must agree: they save in `SaveTimes.save_if_due`, and a signal is postponed up to it.

    Args:
        name: of the training.
        state: changed only in blocks that postpone a stop.
        engine: device and processes.
        save: writes the checkpoint.
    """
    with postponed_stop() if engine.processes > 1 else nullcontext():
        try:
            yield
        except STOPPED:
            handle_stop()
            if engine.processes == 1 and state.batch:  # otherwise the last checkpoint is that of this update
                save()
            _LOG.info(
                "%s: stopped in epoch %d after batch %d; a checkpoint is saved", name, state.epoch + 1, state.batch
            )
            raise


@contextmanager
def stopped_without_trace(state: TrainState, engine: Engine) -> Iterator[None]:
    """Let a signal stop the gradients of a slow update: what they have changed is undone.

    In a fast update the signal waits for its end.
    """
    if engine.processes > 1 or state.update_seconds < SLOW:
        yield
        return
    buffers = [buffer.clone() for buffer in state.model.buffers()]
    try:
        with stop_allowed():
            yield
    except STOPPED:
        with torch.no_grad():
            for buffer, before in zip(state.model.buffers(), buffers, strict=True):
                buffer.copy_(before)
        if state.sam is not None:
            state.sam.restore()
        state.optimizer.zero_grad()
        raise
