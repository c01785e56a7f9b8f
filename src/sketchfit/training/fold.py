"""Training of a member on a fold: the network, then its out-of-fold and test probabilities.

What is on disk is not done again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.folds import Fold
from sketchfit.inference.metrics import log_loss
from sketchfit.inference.predictor import Predictor
from sketchfit.models.finite import NoNumbersError
from sketchfit.models.network import Network
from sketchfit.models.saved_network import check_saved, save_network
from sketchfit.moving import delete_file
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.probabilities import Probabilities, mean_by_row
from sketchfit.tracking.callback import NO_CALLBACK, Callback, FoldCallback
from sketchfit.tracking.console import duration
from sketchfit.tracking.history import fill_last
from sketchfit.training.checkpoint import delete_checkpoints
from sketchfit.training.context import Member, RunContext
from sketchfit.training.divergence import advised, forget_stop
from sketchfit.training.fold_identity import check_finished, fold_fingerprint, fold_recipe, known_fingerprint
from sketchfit.training.fold_result import FoldResult
from sketchfit.training.head_pass import HeadPredictor
from sketchfit.training.job import FitJob
from sketchfit.training.kernel_head import with_kernel_head
from sketchfit.training.seed_soup import train_network
from sketchfit.training.test_answers import answer_again, write_test_answers
from sketchfit.transforms.mirroring import Mirroring

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class TrainedMember:
    """A member and its networks, one per fold.

    Attributes:
        member: under this name its probabilities are combined with those of others.
        folder: name of the folder of its networks: the member's own, or that of its students or its soup.
        folds: of its networks; members of one run may have networks of different folds.
        results: of each network, in the order of the folds.
    """

    member: Member
    folder: str
    folds: tuple[Fold, ...]
    results: tuple[FoldResult, ...]

    @property
    def networks(self) -> Member:
        """The member under the name of its networks' folder."""
        return replace(self.member, name=self.folder)

    @property
    def rows(self) -> NDArray[np.int64]:
        """Rows with out-of-fold probabilities, int64 [n], ascending."""
        return np.unique(np.concatenate([result.rows for result in self.results]))

    @property
    def oof(self) -> Floats:
        """Probabilities of `rows`, float32 [n, C]; the mean where a row is validated in several repeats."""
        return mean_oof(self.results)

    def result_of(self, fold: Fold) -> FoldResult:
        """Return the result of the network of a fold."""
        return self.results[[one.number for one in self.folds].index(fold.number)]

    def oof_of(self, rows: NDArray[np.int64]) -> Floats:
        """Return the probabilities of some of its `rows`, float32 [n, C]."""
        return Probabilities(self.rows, self.oof).at(rows)


@dataclass(frozen=True)
class FoldTraining:
    """One training and its name.

    Attributes:
        member: that is trained.
        fold: whose rows are validated.
        fingerprint: names everything that decides the training.
        make_job: called only where there is something to train.
        note: printed after the time that the training took.
        watch: receives the figures of the training.
    """

    member: Member
    fold: Fold
    fingerprint: str
    make_job: Callable[[], FitJob]
    note: str = ""
    watch: FoldCallback | None = None


def train_fold(
    context: RunContext,
    member: Member,
    fold: Fold,
    callback: Callback = NO_CALLBACK,
    watch: FoldCallback | None = None,
) -> FoldResult:
    """Train one network of a member, unless that is done, and return its probabilities.

    Args:
        context: of the run.
        member: of the network.
        fold: on which it is trained.
        callback: receives the figures of the training.
        watch: receives them instead.
    """
    fingerprint = known_fingerprint(context, member, fold)
    # Each process looks before any of them has the value of the main one, which then changes the files.
    if context.engine.from_main(float(check_finished(context, member, fold))):
        context.engine.on_main(lambda: answer_again(context, member, fold, fingerprint))
    job = fold_job(context, member, fold, fold_fingerprint(member, context.table, fold, test=""))
    every = member.recipe.tracking.every if member.recipe.tracking.to else 0
    watch = watch or FoldCallback(callback, member.name, fold.number, every)
    return train_once(context, FoldTraining(member, fold, fingerprint, lambda: job, watch=watch))


def fold_job(context: RunContext, member: Member, fold: Fold, fingerprint: str, **changes: Any) -> FitJob:
    """Return the plain training of a fold; `changes` are the fields in which another training differs from it."""
    plain: dict[str, Any] = {
        "name": f"{member.name}/fold{fold.number}",
        "recipe": fold_recipe(member, fold),
        "store": member.train,
        "label": context.table.label,
        "class_count": context.table.class_count,
        "train_rows": fold.train,
        "valid_rows": fold.valid,
        "folder": context.run.fold(member.name, fold.number),
        "fingerprint": fingerprint,
        "seed": member.recipe.seed,
        "mirroring": Mirroring.of(member.recipe.transforms, context.table.class_labels),
    }
    return FitJob(**(plain | changes))


def train_once(context: RunContext, training: FoldTraining) -> FoldResult:
    """Train a network and write its weights and probabilities; read them where exactly that was done before.

    Raises:
        NoNumbersError: the loss, a weight or a probability is not finite.
    """
    folder = context.run.network(training.member.name, training.fold.number)
    if not context.engine.from_main(float(is_finished(folder, training.fingerprint))):
        job = training.make_job()
        try:
            _train(context, training, job)
        except NoNumbersError as error:
            raise advised(context.run, job, error) from error
        context.engine.free_memory()
    context.engine.on_main(lambda: delete_unfinished(folder))
    return read_fold(folder)


def _train(context: RunContext, training: FoldTraining, job: FitJob) -> None:
    folder, began = context.run.network(training.member.name, training.fold.number), time.monotonic()
    with context.console.outlook.network(training.member.name):
        network = train_network(job, context.engine, context.console, training.watch)
        network, predictor = with_kernel_head(job, network, context.engine.device, context.console)

    def finish() -> None:
        learnt = context.row_ids[job.train_rows]
        write_results(context, training.member, training.fold, network, learnt, predictor)
        if predictor is not None and job.validated_by_head and len(job.valid_rows):
            fill_last(job.folder / "history.csv", "valid_accuracy", round(predictor.outputs.own_accuracy(), 6))
        seconds = time.monotonic() - began
        folder.finish(training.fingerprint, seconds, training.member.test.folder.name)
        log.info(f"{job.name}: done in {duration(seconds)}{training.note}")
        if training.watch is not None:
            found = read_fold(folder)
            training.watch.finished(fold_figures(found.oof, context.table.label[found.rows], seconds))

    context.engine.on_main(finish)


def is_finished(folder: NetworkFolder, fingerprint: str) -> bool:
    """Return whether a training is finished, and its network predicts numbers: older versions finished others too."""
    if not folder.is_done(fingerprint):
        return False
    found = read_fold(folder)
    if np.isfinite(found.oof).all() and np.isfinite(found.test).all():
        return True
    log.warning(f"{folder.name} predicts NaN: it is trained again")
    return False


def delete_unfinished(folder: NetworkFolder) -> None:
    """Delete what only an unfinished training needs; a process may have been killed before it did so."""
    delete_checkpoints(folder.path)
    forget_stop(folder.path)
    delete_file(folder.path / "teacher.npz")


def write_results(
    context: RunContext,
    member: Member,
    fold: Fold,
    network: Network,
    learnt: NDArray[np.uint64],
    predictor: HeadPredictor | None = None,
) -> None:
    """Write a network's weights, and its probabilities of validation and test rows.

    Args:
        context: of the run.
        member: of the network.
        fold: whose rows are validated.
        network: trained.
        learnt: uint64, `content_ids` of the images that it has learnt from.
        predictor: predicts as the network does; None: they are computed by the network.
    """
    folder = context.run.network(member.name, fold.number)
    save_network(folder.path, network, fold_recipe(member, fold), learnt)
    answers = predictor or Predictor.of(network, member.recipe, context.engine.device)
    folder.write_probabilities("oof", fold.valid, answers.probabilities(member.train, fold.valid))
    write_test_answers(context, member, fold, answers)


def read_fold(folder: NetworkFolder) -> FoldResult:
    """Read the probabilities of a finished network, whose weights are checked.

    Raises:
        UserError: a file is missing or damaged.
    """
    check_saved(folder.path)
    oof, test = folder.probabilities("oof"), folder.probabilities("test")
    return FoldResult(oof.row, oof.prob, test.prob, folder.done.seconds)


def mean_oof(results: Sequence[FoldResult]) -> Floats:
    """Return the out-of-fold probabilities of several folds as one array, float32 [n, C], rows ascending."""
    return mean_by_row([Probabilities(one.rows, one.oof) for one in results]).prob


def fold_figures(oof: Floats, label: NDArray[np.int64], seconds: float) -> dict[str, float | None]:
    """Return figures of one network on its validation rows `oof` [n, C]; only the time where there are no rows."""
    if len(label) == 0:
        return {"seconds": seconds}
    right = float((oof.argmax(axis=1) == label).mean())
    return {"accuracy": right, "log_loss": log_loss(oof, label), "rows": len(label), "seconds": seconds}
