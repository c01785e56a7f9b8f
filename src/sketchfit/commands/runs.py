"""`sketchfit runs`: print the runs of a folder as a table."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sketchfit.reporting.kit.formats import MISSING, decimals, interval, percent, thousands
from sketchfit.reporting.runs_list import RunLine, list_runs
from sketchfit.text_tables import table_lines
from sketchfit.tracking.console import Console, duration
from sketchfit.verbosity import as_results

log = logging.getLogger(__name__)

_HEAD = (
    "run",
    "when",
    "state",
    "backbone",
    "members",
    "networks",
    "rows",
    "top-1",
    "interval",
    "claim",
    "top-5",
    "log-loss",
    "time",
)


def runs(folder: str | Path = "runs", sort: str = "top1") -> list[RunLine]:
    """Print the runs in a folder, sorted; unfinished ones too.

    Args:
        folder: holds run folders.
        sort: a column, as in `reporting.runs_list.COLUMNS`.

    Returns:
        The lines of the table.

    Raises:
        UserError: there is no such folder, no run in it, or no such column.
    """
    lines = list_runs(folder, sort)
    Console()  # prints the log
    with as_results():
        _print(lines)
    return lines


def _print(lines: Sequence[RunLine]) -> None:
    """Print one line per run, where it fits."""
    for text in table_lines(_HEAD, [_cells(one) for one in lines]):
        log.info(text)
    for damage in (one.damage for one in lines if one.damage):
        log.info(f"note: {damage}")


def _cells(one: RunLine) -> tuple[str, ...]:
    return (
        one.name,
        datetime.fromtimestamp(one.when).strftime("%Y-%m-%d %H:%M"),
        one.state,
        one.backbone,
        str(one.members),
        str(one.networks),
        thousands(one.rows),
        MISSING if one.top1 is None else percent(one.top1.value),
        MISSING if one.top1 is None else interval(one.top1),
        MISSING if one.claim is None else f"{percent(one.claim.value)} ({interval(one.claim)})",
        percent(one.top5),
        decimals(one.log_loss),
        MISSING if one.seconds is None else duration(one.seconds),
    )
