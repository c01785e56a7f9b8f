"""The units of a run with a deadline: heads on frozen features, and networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sketchfit.activity import Advance
from sketchfit.data.folds import Fold
from sketchfit.moving import delete_folder
from sketchfit.planning.book import PlanBook
from sketchfit.planning.pace import Pace
from sketchfit.runs.artefacts import PlannedUnit
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.context import Member, RunContext, RunState
from sketchfit.tracking.callback import Callback, FoldCallback
from sketchfit.tracking.console import Console
from sketchfit.training.bank_member import train_bank_member
from sketchfit.training.fold import train_fold


@dataclass
class WatchedFold(FoldCallback):
    """Sends the events of a training, and stops it where it would not end in time."""

    pace: Pace | None = None

    def updated(self, step: int, loss_sum: object, seen: int, lr: float) -> None:
        """Send a point of the step curve if one is due, and check the pace."""
        super().updated(step, loss_sum, seen, lr)
        if self.pace is not None:
            self.pace.updated(step)


class WatchedConsole(Console):
    """Shows the progress of passes over images on another console, and stops a pass that would not end in time."""

    def __init__(self, console: Console, pace: Pace) -> None:
        self._console, self._pace, self._done = console, pace, 0
        self._rich, self.outlook = console.rich, console.outlook

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Advance]:
        """Show the progress of a task while the block runs; its steps are counted after those of earlier tasks."""
        before, self._done = self._done, self._done + total

        def watched(done: int, note: str) -> None:
            advance(done, note)
            self._pace.updated(before + done)

        with self._console.bar(title, total) as advance:
            yield watched


def run_bank(context: RunContext, member: Member, state: RunState, pace: Pace) -> None:
    """Fit the heads of all folds on frozen features.

    Raises:
        LateError: the pass over the images would not end in time.
    """
    watched = replace(context, console=WatchedConsole(context.console, pace))
    train_bank_member(watched, member, state.folds, state.group, context.dispatcher)


def run_network(context: RunContext, member: Member, fold: Fold, pace: Pace, callback: Callback) -> None:
    """Train one network, or continue its training; `callback` receives its figures.

    Raises:
        LateError: it would not end in time.
    """
    every = member.recipe.tracking.every if member.recipe.tracking.to else 0
    train_fold(context, member, fold, watch=WatchedFold(callback, member.name, fold.number, every, pace=pace))


def reopen_lost(run: RunFolder, book: PlanBook, folds: Sequence[Fold]) -> bool:
    """Open the units whose networks were deleted, for example because a file was damaged; return whether there are any.

    Args:
        run: folder of the run.
        book: its plan.
        folds: of the run.
    """
    lost = False
    for unit in book.units("done"):
        numbers = [fold.number for fold in folds] if unit.fold is None else [unit.fold]
        if not all(run.network(unit.member, number).is_done() for number in numbers):
            book.reopen(unit)
            lost = True
    return lost


def discard_unit(run: RunFolder, unit: PlannedUnit) -> None:
    """Delete the folders of a unit."""
    if unit.fold is None:
        delete_folder(run.member(unit.member), ignore_errors=True)
        return
    folder = run.fold(unit.member, unit.fold)
    delete_folder(folder, ignore_errors=True)
    if folder.parent.is_dir() and not any(folder.parent.iterdir()):
        folder.parent.rmdir()
