"""Trains the networks of units: in this process, or several at the same time in processes of their run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sketchfit.data.folds import Fold
from sketchfit.errors import UserError
from sketchfit.models.device import release_cached_memory
from sketchfit.planning.deadline import LatestEnd
from sketchfit.planning.execute import Ended
from sketchfit.planning.pace import Expected, LateError, Pace
from sketchfit.runs.artefacts import PlannedUnit
from sketchfit.stages.context import Member, RunContext
from sketchfit.stages.planned.failures import failure_of
from sketchfit.stages.planned.messages import TrainingRequest
from sketchfit.stages.planned.team import LostProcessError, Team
from sketchfit.stages.planned.units import run_network
from sketchfit.training.fold import fold_job
from sketchfit.training.shared_maps import store_maps

log = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds by which a training may be late after its last update, before its process is ended."""


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
        gpus: from `find_gpus`; networks at the same time have one each.
        sleep_counts: whether the time in which the machine sleeps is lost (`WorkingTime.sleep_counts`).
    """

    def __init__(
        self,
        context: RunContext,
        at_once: int,
        clock: Callable[[], float],
        gpus: Sequence[str] = (),
        sleep_counts: bool = False,
    ) -> None:
        self._context, self._clock, self._gpus, self._sleep_counts = context, clock, gpus, sleep_counts
        self._team = Team(at_once, context.dispatcher, gpus) if at_once > 1 else None
        self._stored: set[tuple[str, int]] = set()

    def train(self, trainings: Sequence[PlannedTraining], allowed: Callable[[], float], ended: Ended) -> None:
        """Train networks, or continue their training.

        Args:
            trainings: of networks.
            allowed: returns the seconds that are left for them.
            ended: called for each unit as it ends. Errors that are not of one unit (`failure_of`) are raised.
        """
        self._start_team()
        for training in trainings:
            self._store_maps(training)
        left = list(trainings)
        while left and self._team is not None:
            part, left = left[: self._team.size], left[self._team.size :]
            left = self._together(self._team, part, allowed, ended) + left
        for one in left:
            self._alone(one, allowed, ended)

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
        try:
            job = fold_job(self._context, training.member, training.fold, "")
            store_maps(job, training.member.test, self._context.engine, self._context.console)
        except (OSError, FloatingPointError):
            return  # the training finds it again, and prints what it does then
        except Exception as error:
            if failure_of(error, training.member.recipe.model) is None:
                raise

    def _start_team(self) -> None:
        """Start the processes; without memory for them, networks are trained one after the other."""
        if self._team is not None:
            try:
                self._team.start()
            except OSError as error:
                self._disband(str(error))

    def _disband(self, why: str) -> None:
        log.warning(f"networks are trained one after the other from now on: {why}")
        if self._team is not None:
            self._team.stop()
            self._team = None

    def _together(
        self, team: Team, trainings: Sequence[PlannedTraining], allowed: Callable[[], float], ended: Ended
    ) -> list[PlannedTraining]:
        """Train networks at the same time; return those whose process was lost."""
        lost: list[PlannedTraining] = []

        def one_ended(place: int, error: BaseException | None) -> None:
            if isinstance(error, LostProcessError):
                lost.append(trainings[place])
            else:
                ended(trainings[place].unit, _reason(error, trainings[place]))

        latest = LatestEnd.after(allowed(), self._sleep_counts)
        sharing = len(trainings) > 1 and not self._gpus
        requests = [self._request(one, latest, sharing and place == 0) for place, one in enumerate(trainings)]
        release_cached_memory(self._context.engine.device)  # a process has the GPU of this one
        team.train(requests, one_ended, patience=lambda: allowed() + PATIENCE)
        if lost:
            self._disband("a training process was lost")
        return lost

    def _alone(self, training: PlannedTraining, allowed: Callable[[], float], ended: Ended) -> None:
        """Train a network in this process, or continue its training."""
        try:
            if (seconds := allowed()) <= 0:
                raise LateError(0.0, seconds)
            pace = Pace(training.expected, allowed, self._clock)
            run_network(self._context, training.member, training.fold, pace, self._context.dispatcher)
        except Exception as error:
            ended(training.unit, _reason(error, training))
            release_cached_memory(self._context.engine.device)
        else:
            ended(training.unit, None)

    def _request(self, training: PlannedTraining, latest: LatestEnd, favoured: bool) -> TrainingRequest:
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
            favoured=favoured,
            device=context.engine.device.type,
        )


def _reason(error: BaseException | None, training: PlannedTraining) -> LateError | UserError | None:
    """Return why a training has ended early; raise an error that is not of this training alone."""
    if error is None or isinstance(error, LateError):
        return error
    failure = failure_of(error, training.member.recipe.model) if isinstance(error, Exception) else None
    if failure is None:
        raise error
    return failure
