"""Trains units as Ray tasks; the run alone writes into its folder, and gives what a lost worker did to another one."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import ray
from ray import exceptions as lost

from sketchfit.activity import activity, outlook, show_rows
from sketchfit.errors import RunError
from sketchfit.interruption import STOPPED, handle_stop, postponed_stop, take_save_request
from sketchfit.training.context import RunContext, TrainingUnit
from sketchfit.training.fold_result import FoldResult
from sketchfit.workers.inbox import Inbox
from sketchfit.workers.overview import UnitsOverview
from sketchfit.workers.parcel import SharedParcel
from sketchfit.workers.ray_cluster import train_remotely
from sketchfit.workers.resources import UnitShare
from sketchfit.workers.threads import thread_variables
from sketchfit.workers.unit_state import UnitState

log = logging.getLogger(__name__)

LOST = (
    lost.WorkerCrashedError,
    lost.NodeDiedError,
    lost.LocalRayletDiedError,
    lost.ObjectLostError,
    lost.OutOfMemoryError,
    lost.RaySystemError,
)
"""Errors after which another worker continues a unit."""

MOST_LOST = 3
"""Workers in a row that a unit may lose without a further checkpoint."""

POLL = 0.5
"""Seconds between two looks at the units."""

SAVING = 15.0
"""Seconds that units have to save a checkpoint when the run is stopped."""


class RayExecutor:
    """Trains units on a Ray cluster, which is started when there is first something to train.

    Args:
        context: of the run.
        share: what each unit gets.
        cluster: starts or connects to the cluster.
        remote: whether the cluster is elsewhere: then a single unit is trained there, too.
    """

    def __init__(
        self,
        context: RunContext,
        share: UnitShare,
        cluster: Callable[[], AbstractContextManager[None]],
        *,
        remote: bool = False,
    ) -> None:
        self.share, self._context, self._cluster, self._remote = share, context, cluster, remote
        self._open = ExitStack()
        self._shared: Any = None
        self._inbox: Inbox | None = None
        self.states: list[UnitState] = []
        """Of the units that are being trained."""

    @property
    def at_once(self) -> int:
        """Most units that are trained at the same time."""
        return self.share.at_once

    def train(self, units: Sequence[TrainingUnit]) -> list[FoldResult]:
        """Train the units; see `TrainingExecutor`."""
        pending = [unit for unit in units if not unit.is_done]
        if len(pending) > (0 if self._remote else 1):
            inbox = self._start()
            self.states = [UnitState(unit) for unit in pending]
            try:
                _Batch(self.states, self.share, self._shared, inbox).train()
            finally:
                self.states = []
        return [unit.train(unit.context) for unit in units]

    def close(self) -> None:
        """Leave the cluster, or end it."""
        self._shared = self._inbox = None
        self._open.close()

    def _start(self) -> Inbox:
        if self._inbox is not None:
            return self._inbox
        with activity("starting workers"):
            self._open.enter_context(self._cluster())
            self._shared = ray.put(SharedParcel.of(self._context, self.share.threads))
            self._inbox = Inbox()
            return self._inbox


class _Batch:
    """Units that are trained together."""

    def __init__(self, states: Sequence[UnitState], share: UnitShare, shared: Any, inbox: Inbox) -> None:
        self._states, self._share, self._shared, self._inbox = states, share, shared, inbox
        self._waiting = deque(range(len(states)))
        self._running: dict[Any, int] = {}
        self._lost = [0] * len(states)
        self._task = ray.remote(train_remotely).options(
            num_cpus=share.threads if not share.gpus else 0,
            num_gpus=share.gpus,
            memory=share.memory,
            max_retries=0,
            runtime_env={"env_vars": thread_variables(share.threads)},
        )

    def train(self) -> None:
        """Train all units.

        Raises:
            UserError: of one of them; the others have saved checkpoints.
        """
        after = self._states[0].unit.context.console.outlook.seconds_after
        overview = UnitsOverview(self._states, self._share.at_once, after)
        try:
            with activity("training networks", len(self._states)) as advance, outlook(overview.text):
                while self._waiting or self._running:
                    with postponed_stop():
                        self._look()
                    advance(overview.done, overview.note)
                    show_rows(overview.rows)
        except STOPPED:
            handle_stop()
            self._stop()
            raise
        except BaseException:
            self._stop()
            raise
        finally:
            for state in self._states:
                state.close()

    def _look(self) -> None:
        """Start what can be started, receive what was sent, and end what has ended."""
        while self._waiting and len(self._running) < self._share.at_once:
            self._submit(self._waiting.popleft())
        ended, _ = ray.wait(list(self._running), timeout=POLL)
        if take_save_request():
            self._inbox.request_saves()
        if self._receive():
            for task in ended:
                self._end(self._running.pop(task), task)

    def _submit(self, number: int) -> None:
        state = self._states[number]
        parcel = state.parcel()
        self._running[self._task.remote(self._shared, parcel, number, state.attempt, self._inbox.mailbox)] = number

    def _receive(self) -> bool:
        """Receive what was sent so far; return False where that has to wait."""
        found = self._inbox.receive()
        for number, attempt, messages in found or ():
            self._states[number].receive(attempt, messages)
        return found is not None

    def _end(self, number: int, task: Any) -> None:
        state = self._states[number]
        try:
            end = ray.get(task)
        except LOST as error:
            self._continue_elsewhere(number, type(error).__name__)
        else:
            state.end(end)

    def _continue_elsewhere(self, number: int, why: str) -> None:
        """Let another worker continue a unit.

        Raises:
            UserError: it has lost too many.
        """
        state = self._states[number]
        self._lost[number] = 1 if state.advanced else self._lost[number] + 1
        host = "" if state.progress is None else f" on {state.progress.host}"
        if self._lost[number] >= MOST_LOST:
            raise RunError(
                f"{state.unit.name}: {MOST_LOST} workers in a row were lost ({why})",
                "If memory is short, set fewer --workers or a smaller training.batch_size.",
            )
        log.warning(f"{state.unit.name}: its worker{host} was lost ({why}); another one continues")
        state.lose()
        self._waiting.appendleft(number)

    def _stop(self) -> None:
        """Let all units save a checkpoint and end."""
        until = time.monotonic() + SAVING
        for task in self._running:
            ray.cancel(task, force=False)
        left = list(self._running)
        try:
            while left and time.monotonic() < until:
                _, left = ray.wait(left, timeout=POLL)
                self._receive()
            self._receive()
        except Exception as error:  # the cluster is being lost; what was received is kept
            log.debug(f"while stopping: {error}")
