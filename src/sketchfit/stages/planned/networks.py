"""Trains the networks of units: in this process, or several at the same time in processes of their run."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sketchfit.data.folds import Fold
from sketchfit.planning.execute import Ended
from sketchfit.planning.pace import DroppedError, Expected, Pace
from sketchfit.runs.artefacts import PlannedUnit
from sketchfit.stages.context import Member, RunContext
from sketchfit.stages.planned.messages import TrainingRequest
from sketchfit.stages.planned.team import LostProcessError, Team
from sketchfit.stages.planned.units import run_network
from sketchfit.training.fold import fold_job
from sketchfit.training.shared_maps import store_maps

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlannedTraining:
    """The training of a unit.

    Attributes:
        unit: that it belongs to.
        member: with the epochs of this network.
        fold: on which it is trained.
        expected: its times.
    """

    unit: PlannedUnit
    member: Member
    fold: Fold
    expected: Expected


class NetworkTrainer:
    """Trains networks.

    Args:
        context: of the run.
        at_once: networks that are trained at the same time.
        clock: seconds.
    """

    def __init__(self, context: RunContext, at_once: int, clock: Callable[[], float]) -> None:
        self._context, self._clock = context, clock
        self._team = Team(at_once, context.dispatcher) if at_once > 1 else None
        self._stored: set[tuple[str, int]] = set()

    def train(self, trainings: Sequence[PlannedTraining], allowed: Callable[[], float], ended: Ended) -> None:
        """Train networks, or continue their training.

        Args:
            trainings: of networks.
            allowed: returns the seconds that are left for them.
            ended: called for each unit as it ends.
        """
        if self._team is not None:
            self._team.start()
        for training in trainings:
            self._store_maps(training)
        if self._team is not None:
            self._together(self._team, trainings, allowed, ended)
            return
        for one in trainings:
            pace = Pace(one.expected, allowed, self._clock)
            try:
                run_network(self._context, one.member, one.fold, pace, self._context.dispatcher)
            except DroppedError as error:
                ended(one.unit, error)
            else:
                ended(one.unit, None)

    @property
    def at_once(self) -> int:
        """Networks that are trained at the same time; 1 after a process was lost, for example for lack of memory."""
        return 1 if self._team is None else self._team.size

    def stop(self) -> None:
        """End all processes, whatever they do."""
        if self._team is not None:
            self._team.stop()

    def _store_maps(self, training: PlannedTraining) -> None:
        """Store what frozen stages return, computed with all threads, for all folds."""
        key = training.member.name, training.unit.epochs
        if key in self._stored:
            return
        self._stored.add(key)
        with suppress(OSError, FloatingPointError):  # the training finds it again, and prints what it does then
            job = fold_job(self._context, training.member, training.fold, "")
            store_maps(job, training.member.test, self._context.engine, self._context.console)

    def _together(
        self, team: Team, trainings: Sequence[PlannedTraining], allowed: Callable[[], float], ended: Ended
    ) -> None:
        lost: list[PlannedTraining] = []

        def one_ended(place: int, error: BaseException | None) -> None:
            if error is not None and not isinstance(error, DroppedError):
                raise error
            if isinstance(error, LostProcessError):
                lost.append(trainings[place])
            ended(trainings[place].unit, error)

        latest = time.monotonic() + allowed()
        team.train([self._request(one, latest) for one in trainings], one_ended)
        if lost:
            log.warning("a training process was lost; from now on, networks are trained one after the other")
            team.stop()
            self._team = None

    def _request(self, training: PlannedTraining, latest: float) -> TrainingRequest:
        context, member = self._context, training.member
        return TrainingRequest(
            run=context.run.path,
            recipe=context.recipe,
            member=member.name,
            member_recipe=member.recipe,
            stores=(member.train.folder, member.test.folder),
            table=context.table,
            row_ids=context.row_ids,
            fold=training.fold,
            expected=training.expected,
            latest=latest,
        )
