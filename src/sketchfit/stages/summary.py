"""What a run found, and how a person is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store
from sketchfit.data.table import Table
from sketchfit.inference.intervals import Estimate
from sketchfit.inference.oof import Step
from sketchfit.tracking.console import Console, duration


@dataclass(frozen=True)
class RunResult:
    """What a run found.

    Attributes:
        folder: where everything lies.
        top1, top5: out-of-fold accuracy with interval; over the rows of the folds that were trained.
        submission: path of the answer; None where there are no test rows.
        unreadable_train, unreadable_test: images that could not be read, with the reason.
        seconds: time by stage.
        steps: what each step after training made of the out-of-fold accuracy.
    """

    folder: Path
    top1: Estimate
    top5: Estimate
    submission: Path | None
    unreadable_train: dict[str, str]
    unreadable_test: dict[str, str]
    seconds: dict[str, float]
    steps: tuple[Step, ...] = ()


def print_table(table: Table, console: Console) -> None:
    """One line on the data, and what the readers noted."""
    counts = np.bincount(table.label, minlength=table.class_count)
    console.line(
        f"{len(table.train):,} training images in {table.class_count} classes "
        f"({counts.min()} to {counts.max()} a class), {len(table.test):,} to answer"
    )
    for note in table.notes:
        console.line(f"note: {note}")


def print_store(store: Store, console: Console) -> None:
    """One line on the image store."""
    _, size, _, channels = store.images.shape
    kind = "grey" if channels == 1 else "colour"
    console.line(
        f"images stored at {size} px, {kind}, in {store.folder}{'' if store.built else ' (from an earlier run)'}"
    )


def print_result(result: RunResult, recipe: Recipe, console: Console) -> None:
    """Figures, times and places."""
    rows = [(step.name, str(step)) for step in result.steps]
    rows += [("out-of-fold top-1", str(result.top1)), ("out-of-fold top-5", str(result.top5))]
    if result.unreadable_train:
        rows.append(("training images dropped", f"{len(result.unreadable_train)} (see audit/findings.json)"))
    if result.unreadable_test:
        count = len(result.unreadable_test)
        rows.append(("test images not read", f"{count}, given the prior (see audit/findings.json)"))
    stages = ", ".join(f"{name} {duration(seconds)}" for name, seconds in result.seconds.items() if seconds >= 0.5)
    total = duration(sum(result.seconds.values()))
    rows.append(("time", f"{total} ({stages})" if stages else "under a second: everything was on disk"))
    if result.submission is not None:
        rows.append(("submission", str(result.submission)))
    rows.append(("everything", f"{result.folder}/"))
    console.line("")
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        console.line(f"{name:<{width}}  {value}")
    if recipe.training.checkpoint == "best":
        console.line(
            "note: training.checkpoint=best chose each epoch on the rows that are reported: the figures flatter"
        )
    if not recipe.audit.enabled:
        console.line("note: the audit was off, so copies may lie in several folds: the figures may flatter")
