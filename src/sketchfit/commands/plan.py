"""`sketchfit plan`: what `sketchfit run --time` would do, and the accuracy to expect, without training."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

from sketchfit.commands.request import DataRequest
from sketchfit.commands.run_in_time import planned_folder, planned_settings
from sketchfit.data.table import Table, fingerprint
from sketchfit.models.backbone import check_backbone
from sketchfit.planning.goal import Goal
from sketchfit.planning.learning_curve import HeadAccuracy
from sketchfit.planning.value import UNCERTAIN, accuracy_after
from sketchfit.runs.artefacts import RunPlan
from sketchfit.runs.state import State
from sketchfit.stages.planned.preview import Preview, preview
from sketchfit.stages.planned.start import with_time
from sketchfit.stages.start import open_tables
from sketchfit.stages.tables import print_table
from sketchfit.temporary import temporary_folder
from sketchfit.text_tables import table_lines
from sketchfit.tracking.console import duration
from sketchfit.verbosity import as_results
from sketchfit.wording import counted

log = logging.getLogger(__name__)


def plan(request: DataRequest, goal: Goal, clock: Callable[[], float] = time.monotonic) -> Preview:
    """Print what `run_in_time` would do, and the accuracy to expect; errors: `sketchfit.plan`.

    Args:
        request, goal: as for `run_in_time`; where there is an answer in the folder, its accuracy is used.
        clock: of `goal.began`.
    """
    began = clock() if goal.began is None else goal.began
    request = request.resolved(candidates=bool(goal.candidates))
    folder = planned_folder(request)
    context = open_tables(request.data, planned_settings(request, candidates=bool(goal.candidates)), folder)
    print_table(context.table)
    check_backbone(context.recipe.model.backbone)
    goal, before = with_time(goal, context), clock() - began
    with temporary_folder() as cache:
        found = preview(context, goal, before, cache, known_head(folder, context.table))
    with as_results():
        _print(found)
    return found


def known_head(folder: Path, table: Table) -> HeadAccuracy | None:
    """Return the accuracy of a run's first answer; None where there is none for these tables."""
    known, state = RunPlan.find(folder), State.find(folder)
    if known is None or not known.answers or state is None or state.table_id != fingerprint(table):
        return None
    return HeadAccuracy(known.answers[0].top1)


def _print(found: Preview) -> None:
    for name, value in found.measurements.items():
        log.info(f"{name}: {value:,.1f}")
    log.info(f"plan for {duration(found.seconds)}; first unit after {duration(found.start)}:")
    head = ("begins, min", "takes, min", _gain_title(found), "unit")
    for text in table_lines(head, rows_of_plan(found), right=range(3), title=3):
        log.info(text)
    log.info(f"reserve for the last answer and what follows it: {duration(found.reserve)}")
    log.info(end_line(found))
    for text in found.left_out:
        log.info(f"left out: {text}")
    for line in expectation_lines(found):
        log.info(line)


def end_line(found: Preview) -> str:
    """Return when the run is expected to end, and whether its time is too short."""
    end = found.begins[-1] + found.reserve
    line = f"expected end: after {duration(end)} of {duration(found.seconds)}"
    if end <= found.seconds:
        return line
    return f"{line}: WARNING: the time is too short for the first answer, and the run would end late"


def _gain_title(found: Preview) -> str:
    return "gain, points" if found.head else "fewer errors"


def rows_of_plan(found: Preview) -> list[tuple[str, ...]]:
    """Return the cells of each unit: minute of its start, minutes, gain, name."""
    rows: list[tuple[str, ...]] = []
    for number, unit in enumerate(found.ahead.units):
        epochs = f", {counted(unit.epochs, 'epoch')}" if unit.epochs else ""
        gain = "first answer" if number == 0 else _gain(found, number)
        rows.append((f"{found.begins[number] / 60:.1f}", f"{unit.estimated / 60:.1f}", gain, unit.key + epochs))
    return rows


def _gain(found: Preview, number: int) -> str:
    before, after = found.ahead.worths[number : number + 2]
    if found.head is None:
        return f"{100 * (1 - math.exp(before - after)):+.1f} %"
    first = found.head.top1.value
    return f"{100 * (accuracy_after(first, after) - accuracy_after(first, before)):+.1f}"


def expectation_lines(found: Preview) -> list[str]:
    """Return what accuracy to expect at the end, and relative to what."""
    worth = found.ahead.worth
    if found.head is None:
        fewer, least, most = (100 * (1 - math.exp(-worth - by)) for by in (0.0, -UNCERTAIN, UNCERTAIN))
        return [
            f"expected at the end: {fewer:.0f} % fewer errors ({least:.0f} to {most:.0f}) than a head on frozen "
            "features, whose accuracy is not known"
        ]
    end, first = found.head.after(worth), found.head.top1
    return [
        f"a head on frozen features: about {100 * first.value:.0f} % ({found.source}, {first.n:,} drawings)",
        f"expected accuracy at the end: about {100 * end.value:.0f} % ({100 * end.low:.0f} to {100 * end.high:.0f}), "
        "relative to that head",
    ]
