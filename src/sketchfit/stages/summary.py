"""What a run found, and how a person is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table as RichTable

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
    grid = RichTable.grid(padding=(0, 2))
    for step in result.steps:
        grid.add_row(step.name, str(step))
    grid.add_row("out-of-fold top-1", str(result.top1))
    grid.add_row("out-of-fold top-5", str(result.top5))
    if result.unreadable_train:
        grid.add_row("training images dropped", f"{len(result.unreadable_train)} (see audit/findings.json)")
    if result.unreadable_test:
        grid.add_row(
            "test images not read", f"{len(result.unreadable_test)}, given the prior (see audit/findings.json)"
        )
    stages = ", ".join(f"{name} {duration(seconds)}" for name, seconds in result.seconds.items() if seconds >= 0.5)
    grid.add_row(
        "time", f"{duration(sum(result.seconds.values()))} ({stages})" if stages else "under a second: all was on disk"
    )
    if result.submission is not None:
        grid.add_row("submission", str(result.submission))
    grid.add_row("everything", f"{result.folder}/")
    console.line("")
    console.rich.print(grid)
    if recipe.training.checkpoint == "best":
        console.line(
            "note: training.checkpoint=best chose each epoch on the rows that are reported: the figures flatter"
        )
    if not recipe.audit.enabled:
        console.line("note: the audit was off, so copies may lie in several folds: the figures may flatter")
