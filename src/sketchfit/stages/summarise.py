"""The result of a run: figures, times and places, also printed."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from sketchfit.config.recipe import Recipe
from sketchfit.data.unused import REASONS
from sketchfit.inference.intervals import accuracy
from sketchfit.inference.metrics import top_k_correct
from sketchfit.runs.artefacts import ClaimRecord, Divergence
from sketchfit.runs.networks import NetworkFolder
from sketchfit.stages.context import RunContext, RunState, made
from sketchfit.stages.products import RunResult
from sketchfit.tracking.console import duration
from sketchfit.verbosity import as_results
from sketchfit.wording import listed

log = logging.getLogger(__name__)


def summarise(context: RunContext, state: RunState) -> RunState:
    """Make the result of the run and print it."""
    rows, oof, table = state.rows, made(state.calibrated).predictions.oof, context.table
    correct1, correct5 = (top_k_correct(oof, rows.label, min(k, table.class_count)) for k in (1, 5))
    result = RunResult(
        folder=context.run.path,
        top1=accuracy(correct1, rows.group),
        top5=accuracy(correct5, rows.group),
        submission=context.run.submission if len(table.test) else None,
        unreadable_train=state.unreadable_train,
        unreadable_test=state.unreadable_test,
        damaged={**state.damaged_train, **state.damaged_test},
        unused=table.unused,
        seconds=context.clock.seconds,
        steps=state.steps,
    )
    with as_results():
        print_result(result, context.recipe, state.claim)
    return replace(state, result=result)


def print_result(result: RunResult, recipe: Recipe, claim: ClaimRecord | None = None) -> None:
    """Print figures, times and places."""
    rows = [(step.name, str(step)) for step in result.steps]
    rows += [("out-of-fold top-1", str(result.top1)), ("out-of-fold top-5", str(result.top5))]
    if claim is not None:
        rows.append(("claim for the test set" if claim.test_rows else "claim for new rows", str(claim.expected)))
        if claim.label_free is not None:
            rows.append(("estimate without labels", str(claim.label_free.accuracy)))
    rows += _files_left_out(result)
    stages = ", ".join(f"{name} {duration(seconds)}" for name, seconds in result.seconds.items() if seconds >= 0.5)
    total = duration(sum(result.seconds.values()))
    rows.append(("time", f"{total} ({stages})" if stages else "under a second"))
    if result.submission is not None:
        rows.append(("submission", str(result.submission)))
    rows.append(("everything", f"{result.folder}/"))
    log.info("")
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        log.info(f"{name:<{width}}  {value}")
    if claim is not None and claim.alarm:
        log.warning("the test rows disagree with the claim; see above and the report")
    for note in rewind_notes(result.folder):
        log.info(f"note: {note}")
    if recipe.training.checkpoint == "best":
        log.info(
            "note: training.checkpoint=best chose each epoch on the rows that are reported: the figures are too high"
        )
    if not recipe.audit.enabled:
        log.info("note: the audit was off, so copies may be in several folds: the figures may be too high")


def _files_left_out(result: RunResult) -> list[tuple[str, str]]:
    """Return what is printed on files that were not used, or not completely."""
    rows = []
    if result.unreadable_train:
        rows.append(("training images dropped", f"{len(result.unreadable_train)} (see audit/findings.json)"))
    if result.unreadable_test:
        count = len(result.unreadable_test)
        rows.append(("test images not read", f"{count}, given the prior (see audit/findings.json)"))
    if result.damaged:
        rows.append(("damaged images", f"{len(result.damaged)}, used as far as decoded (see audit/findings.json)"))
    if result.unused:
        count = sum(len(one.paths) for one in result.unused)
        reasons = "; ".join(f"{REASONS[one.kind]} {len(one.paths):,}" for one in result.unused)
        rows.append(("files not used", f"{count:,} ({reasons}; see audit/findings.json)"))
    return rows


def rewind_notes(folder: Path) -> list[str]:
    """Return a sentence for each network of which an epoch started again at a loss or a weight that was not finite."""
    found = []
    for path in sorted(folder.glob(f"*/*/fold*/{Divergence.PLACE}")):
        if rewinds := Divergence.read_file(path).rewinds:
            epochs = listed([one.epoch for one in rewinds])
            name, rate = NetworkFolder(path.parent).name, rewinds[-1].lr_scale
            found.append(
                f"{name}: the loss or a weight was not finite in epoch {epochs}; at the end the learning rate was "
                f"{rate:g} times that of the recipe"
            )
    return found
