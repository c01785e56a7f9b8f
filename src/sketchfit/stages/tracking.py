"""What trackers and notifiers are told of a run."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store
from sketchfit.data.table import Table
from sketchfit.inference.metrics import ece, log_loss, macro_f1, row_log_loss
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.summary import RunResult
from sketchfit.tracking.callback import ErrorImage, RunInfo, RunReport
from sketchfit.tracking.connect import connect, load_dotenv, run_identity
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.tracking.notifier import VARIABLE

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class TrackedRun:
    """A run that somebody may listen to.

    Attributes:
        dispatcher: to all who listen.
        recipe: the run's.
        began: when this start of the run began, by the monotonic clock.
    """

    dispatcher: Dispatcher
    recipe: Recipe
    began: float = field(default_factory=time.monotonic)

    def trained(self, line: str) -> None:
        """Tell that a training without held-out rows ended; no figure is claimed for it."""
        self.dispatcher.run_finished(RunReport({}, (line,), time.monotonic() - self.began))

    def finished(self, result: RunResult, table: Table, store: Store, rows: Ints, oof: Floats) -> None:
        """Tell how the run ended: figures, report, and the drawings taken for something else.

        Args:
            store: training images.
            rows: training rows with out-of-fold probabilities `oof` [n, C].
        """
        if not self.dispatcher.names:
            return
        label = table.label[rows]
        report = result.folder / "report"
        self.dispatcher.run_finished(
            RunReport(
                figures=outcome_figures(result, oof, label),
                summary=(f"out-of-fold top-1 {result.top1}", f"out-of-fold top-5 {result.top5}"),
                seconds=time.monotonic() - self.began,
                artefacts=(report,) if report.is_dir() else (),
                errors=worst_errors(store, table.class_names, rows, oof, label, self.recipe.tracking.pictures),
            )
        )


def start_tracking(dispatcher: Dispatcher, recipe: Recipe, table: Table, run: RunFolder, main: bool) -> TrackedRun:
    """Let the recipe's trackers and the environment's notifiers listen, in the main process only."""
    environ = load_dotenv(Path(".env"))
    if main and (recipe.tracking.to or environ.get(VARIABLE)):
        info = RunInfo(
            name=run.path.resolve().name,
            folder=run.path,
            identity=run_identity(run.path),
            settings=recipe.model_dump(mode="json"),
            note=f"{len(table.train):,} training images in {table.class_count} classes, {len(table.test):,} to answer",
        )
        connect(dispatcher, recipe.tracking, info, environ)
    return TrackedRun(dispatcher, recipe)


def fold_figures(oof: Floats, label: Ints, seconds: float) -> dict[str, float | None]:
    """Figures of one network on its validation rows `oof` [n, C]; none but the time where there are no rows."""
    if len(label) == 0:
        return {"seconds": seconds}
    right = float((oof.argmax(axis=1) == label).mean())
    return {"accuracy": right, "log_loss": log_loss(oof, label), "rows": len(label), "seconds": seconds}


def outcome_figures(result: RunResult, oof: Floats, label: Ints) -> dict[str, float]:
    """Final figures of the answers `oof` [n, C] by name: proportions 0 … 1, log-loss in nats, rows, seconds a stage."""
    return {
        "oof_top1": result.top1.value,
        "oof_top1_low": result.top1.low,
        "oof_top1_high": result.top1.high,
        "oof_top5": result.top5.value,
        "oof_macro_f1": macro_f1(oof, label),
        "oof_log_loss": log_loss(oof, label),
        "oof_ece": ece(oof, label),
        "oof_rows": float(len(label)),
        **{f"seconds_{name.replace(' ', '_')}": seconds for name, seconds in result.seconds.items()},
    }


def worst_errors(
    store: Store, names: tuple[str, ...], rows: Ints, oof: Floats, label: Ints, count: int
) -> tuple[ErrorImage, ...]:
    """At most `count` drawings that were taken for something else, by falling loss."""
    wrong = np.flatnonzero(oof.argmax(axis=1) != label)
    worst = wrong[np.argsort(-row_log_loss(oof, label)[wrong], kind="stable")][:count] if len(wrong) else wrong
    return tuple(
        ErrorImage(
            np.array(store.images[rows[place]]),
            f"{names[label[place]]} taken for {names[oof[place].argmax()]} ({100 * oof[place].max():.0f} %)",
        )
        for place in worst
    )
