"""Trackers and notifiers of a run: started at its beginning, and notified of its outcome."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.store import Store
from sketchfit.inference.metrics import ece, log_loss, macro_f1, row_log_loss
from sketchfit.inference.oof import Floats
from sketchfit.runs.artefacts import ClaimRecord
from sketchfit.stages.context import RunContext, RunState, made
from sketchfit.stages.products import RunResult
from sketchfit.stages.tables import table_line
from sketchfit.tracking.callback import ErrorImage, RunInfo, RunReport
from sketchfit.tracking.connect import connect, load_dotenv, run_identity
from sketchfit.tracking.notifier import VARIABLE

log = logging.getLogger(__name__)

Ints = NDArray[np.int64]


def start_callbacks(context: RunContext) -> None:
    """Start the recipe's trackers and the environment's notifiers, in the main process only."""
    environ, recipe, table = load_dotenv(Path(".env")), context.recipe, context.table
    if not (recipe.tracking.to or environ.get(VARIABLE)):
        return

    def start() -> None:
        info = RunInfo(
            name=context.run.path.resolve().name,
            folder=context.run.path,
            identity=run_identity(context.run.path),
            settings=recipe.model_dump(mode="json"),
            note=table_line(table),
        )
        connect(context.dispatcher, recipe.tracking, info, environ)

    context.engine.on_main(start)


def report_outcome(context: RunContext, state: RunState) -> RunState:
    """Notify callbacks of the end of the run: figures, report, and the images with the largest errors."""
    if not context.dispatcher.names:
        return state
    result, rows, oof = made(state.result), state.rows, made(state.calibrated).predictions.oof
    first = next(iter(state.members.values()))
    report = context.run.path / "report"
    context.dispatcher.run_finished(
        RunReport(
            figures=outcome_figures(result, oof, rows.label, state.claim),
            summary=(
                f"out-of-fold top-1 {result.top1}",
                f"out-of-fold top-5 {result.top5}",
                *(state.claim.lines() if state.claim else ()),
            ),
            seconds=context.clock.since_start,
            artefacts=(report,) if report.is_dir() else (),
            errors=worst_errors(context, first.train, rows.row, oof),
        )
    )
    return state


def outcome_figures(result: RunResult, oof: Floats, label: Ints, claim: ClaimRecord | None = None) -> dict[str, float]:
    """Return the final figures by name: proportions 0 … 1, log-loss in nats, rows, seconds per stage."""
    return {
        "oof_top1": result.top1.value,
        "oof_top1_low": result.top1.low,
        "oof_top1_high": result.top1.high,
        "oof_top5": result.top5.value,
        "oof_macro_f1": macro_f1(oof, label),
        "oof_log_loss": log_loss(oof, label),
        "oof_ece": ece(oof, label, by="mass"),
        "oof_rows": float(len(label)),
        **_claim_figures(claim),
        **{f"seconds_{name.replace(' ', '_')}": seconds for name, seconds in result.seconds.items()},
    }


def _claim_figures(claim: ClaimRecord | None) -> dict[str, float]:
    if claim is None:
        return {}
    figures = {"claim": claim.expected.value, "claim_low": claim.expected.low, "claim_high": claim.expected.high}
    return figures | ({"label_free": claim.label_free.accuracy.value} if claim.label_free else {})


def worst_errors(context: RunContext, store: Store, rows: Ints, oof: Floats) -> tuple[ErrorImage, ...]:
    """Return the images with a wrong first class, by falling loss; at most `tracking.pictures`.

    Args:
        context: of the run.
        store: training images.
        rows: rows of the training table, int64 [n].
        oof: their probabilities, float32 [n, C].
    """
    names, label = context.table.class_names, context.table.label[rows]
    wrong = np.flatnonzero(oof.argmax(axis=1) != label)
    order = np.argsort(-row_log_loss(oof, label)[wrong], kind="stable") if len(wrong) else wrong
    return tuple(
        ErrorImage(
            np.array(store.images[rows[place]]),
            f"{names[label[place]]} taken for {names[oof[place].argmax()]} ({100 * oof[place].max():.0f} %)",
        )
        for place in wrong[order][: context.recipe.tracking.pictures]
    )
