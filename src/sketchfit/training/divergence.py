"""What is done about a loss or a weight that is not finite: stop, or go back to the start of the epoch.

`training.on_nan=rewind` goes back to the start of the epoch in which it happened, and halves the learning rate from
there on. Where that is does not depend on the time or on interruptions, so the result can be repeated.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sketchfit.models.finite import NoNumbersError, not_finite
from sketchfit.moving import delete_file
from sketchfit.runs.artefacts import Divergence, Rewind, RunPlan
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.networks import NetworkFolder
from sketchfit.training.checkpoint import Checkpoints
from sketchfit.training.engine import Engine
from sketchfit.training.job import FitJob
from sketchfit.training.state import TrainState
from sketchfit.wording import counted

log = logging.getLogger(__name__)

MOST_REWINDS = 3
"""A training stops at the next time."""

WINDOW = 16
"""Updates between two looks at the loss on a GPU, and with several processes; on a CPU it is looked at after each."""


class DivergedError(NoNumbersError):
    """The loss or a weight of a training is not finite."""


@dataclass(frozen=True)
class FiniteWatch:
    """Looks at the loss and the weights of a training.

    Attributes:
        job: the training.
        state: its state.
        engine: device and processes.
    """

    job: FitJob
    state: TrainState
    engine: Engine

    def after_update(self, number: int) -> None:
        """Look at the loss if update `number` ends a window; all processes do so together.

        Raises:
            DivergedError: it is not finite.
        """
        alone = self.engine.processes == 1
        if number % (1 if alone and self.engine.device.type == "cpu" else WINDOW) == 0:
            self._check_loss(number, float(self.state.loss_sum) if alone else self.state.totals(self.engine)[0])

    def before_saving(self, number: int) -> None:
        """Look at loss and weights; nothing that is not finite is saved.

        Args:
            number: of the last update.

        Raises:
            DivergedError: one is not finite.
        """
        self._check_loss(number, self.state.totals(self.engine)[0])
        name = self._wrong()
        if self.engine.sum([float(name is not None)])[0]:
            raise self._error(number, f"the weights are not finite ({name})" if name else "the weights are not finite")

    def are_all(self) -> bool:
        """Return whether the loss and all weights of this process are finite."""
        return math.isfinite(float(self.state.loss_sum)) and self._wrong() is None

    def _wrong(self) -> str | None:
        """Return the name of a weight that is not finite, of the network or of its moving average."""
        reported = self.state.reported()
        return not_finite(self.state.model) or (None if reported is self.state.model else not_finite(reported))

    def _check_loss(self, number: int, loss: float) -> None:
        if not math.isfinite(loss):
            raise self._error(number, "the loss is not finite")

    def _error(self, number: int, what: str) -> DivergedError:
        lr = self.state.optimizer.param_groups[-1]["lr"]
        where = f"in epoch {self.state.epoch + 1}, update {number + 1}, at a learning rate of {lr:.3g}"
        return DivergedError(f"{self.job.name}: {what} {where}", "Set " + ", or ".join(remedies(self.job)) + ".")


def remedies(job: FitJob) -> list[str]:
    """Return the settings that may help, the most likely first."""
    recipe = job.recipe
    found = [f"optimizer.lr={recipe.optimizer.lr / 4:.2g}"]
    if recipe.training.clip_grad is None:
        found.append("training.clip_grad=1")
    if recipe.compute.precision != "fp32":
        found.append("compute.precision=fp32")
    return found


def rewound(
    watch: FiniteWatch, checkpoints: Checkpoints, error: DivergedError
) -> tuple[dict[str, Any] | None, list[int]]:
    """Return where a training continues: the checkpoint at the start of the epoch, and the epochs of all rewinds.

    The checkpoint is None for the start of the training.

    Raises:
        DivergedError: the recipe wants to stop, it happened too often, or the start of the epoch is not on disk.
    """
    state, job = watch.state, watch.job
    saved = checkpoints.of_epoch(state.epoch)
    watch.engine.wait()  # the main process replaces the file next
    lost = saved is None and state.epoch > 0
    if lost and not state.rewinds and job.recipe.training.on_nan == "rewind":
        log.warning(f"{job.name}: there is no checkpoint of the start of epoch {state.epoch + 1}; it trains again")
        return None, []
    again = len(state.rewinds) < MOST_REWINDS and not lost
    if job.recipe.training.on_nan == "stop" or not again:
        record = Divergence(rewinds=_record(state.rewinds), stopped=error.problems[0])
        watch.engine.on_main(lambda: record.write(job.folder))
        raise error
    rewinds = [*state.rewinds, state.epoch]
    log.warning(
        f"{error.problems[0]}; epoch {state.epoch + 1} starts again, with the learning rate times "
        f"{0.5 ** len(rewinds):g}"
    )
    return saved, rewinds


def advised(run: RunFolder, job: FitJob, error: NoNumbersError) -> NoNumbersError:
    """Return the error of a training with what to do, and in which folder; that it stopped is written down."""
    record = Divergence.find(job.folder) or Divergence(rewinds=(), stopped="")
    if not record.stopped:  # it was after the last epoch
        record.model_copy(update={"stopped": error.problems[0]}).write(job.folder)
    settings = f"Set {', or '.join(remedies(job))}."
    if RunPlan.exists(run.path):
        return type(error)(error.problems, f"{settings} Do so in another folder (--out), or leave out the backbone.")
    again = isinstance(error, DivergedError) and job.recipe.training.on_nan == "stop"
    rewind = " Or set training.on_nan=rewind with the same command: the epoch starts again with half the learning rate."
    return type(error)(error.problems, f"{settings} {_place(run, _finished(run))}{rewind if again else ''}")


def advised_by_run(run: RunFolder, error: NoNumbersError) -> NoNumbersError:
    """Return an `advised` error of a training in another folder, which has no other network, with the run's advice."""
    return type(error)(error.problems, error.hint.replace(_place(run, 0), _place(run, _finished(run))))


def _finished(run: RunFolder) -> int:
    return sum(NetworkFolder(path.parent).is_done() for path in run.path.glob("members/*/*/done.json"))


def _place(run: RunFolder, finished: int) -> str:
    """Return where other settings can be used, by the number of finished networks of the run."""
    if not finished:
        return f"Do so with the same command; {run.path} accepts them, as no network is finished."
    done = counted(finished, "network")
    return f"Do so in another folder (--out), as {run.path} has {done} finished with the settings of now."


def write_rewinds(job: FitJob, rewinds: list[int]) -> None:
    """Write the rewinds of a training so far into its folder; nothing where there were none."""
    if rewinds:
        Divergence(rewinds=_record(rewinds), stopped="").write(job.folder)
    else:
        delete_file(job.folder / Divergence.PLACE)


def forget_stop(folder: Path) -> None:
    """Write that a training which had stopped is finished now."""
    record = Divergence.find(folder)
    if record is not None and record.stopped and record.rewinds:
        record.model_copy(update={"stopped": ""}).write(folder)
    elif record is not None and record.stopped:
        delete_file(folder / Divergence.PLACE)


def _record(rewinds: list[int]) -> tuple[Rewind, ...]:
    return tuple(Rewind(epoch=epoch + 1, lr_scale=0.5**number) for number, epoch in enumerate(rewinds, 1))
