"""`compare RUN RUN…` and `runs FOLDER`: from run folders to a table on console and a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.scope import keys_that_decide
from sketchfit.errors import UserError
from sketchfit.files import write_text
from sketchfit.inference.intervals import accuracy
from sketchfit.inference.metrics import log_loss, top_k_correct
from sketchfit.reporting.comparison import Against, Aligned, against_first, align, top1
from sketchfit.reporting.evidence import Evidence, read_evidence
from sketchfit.reporting.kit.page import flat_settings, render
from sketchfit.reporting.kit.thumbnails import data_uri, thumbnails, webp
from sketchfit.reporting.runs_list import RunLine, sort_runs
from sketchfit.runs.networks import Done
from sketchfit.runs.run import Run
from sketchfit.tracking.console import Console, duration

SIDE = 72
SHOWN = 48
"""Flipped drawings shown of each kind."""


def compare(runs: Sequence[str | Path], out: str | Path, console: Console | None = None) -> list[Against]:
    """Compare runs with the first of them, on the drawings that all answered out of fold; write a page.

    Args:
        runs: run folders, two or more.
        out: the page, an HTML file.
        console: where the table is printed.

    Returns:
        Each other run against the first.

    Raises:
        UserError: fewer than two runs, no finished run, other classes, nothing in common.
    """
    console = console or Console("plain")
    if len(runs) < 2:
        raise UserError("compare needs two runs or more")
    evidence = [read_evidence(run) for run in runs]
    aligned = align(evidence)
    found = against_first(aligned)
    settings = differing_settings(evidence)
    write_text(Path(out), _page(evidence[0].root, aligned, found, settings))
    _print(aligned, found, settings, console)
    console.line(f"page: {out}")
    return found


def differing_settings(runs: Sequence[Evidence]) -> list[tuple[str, list[str]]]:
    """(key, value in each run) of every setting that is not the same in all; `–` where a run has none."""
    tables = [dict(flat_settings(evidence.run.recipe.model_dump(mode="json"))) for evidence in runs]
    keys = dict.fromkeys(key for table in tables for key in table)
    ignored = keys_that_decide("nothing")
    rows = [(key, [table.get(key, "–") for table in tables]) for key in keys]
    return [(key, values) for key, values in rows if len(set(values)) > 1 and key not in ignored]


def list_runs(folder: str | Path, sort: str = "top1") -> list[RunLine]:
    """The runs within a folder, sorted; unfinished ones too.

    Raises:
        UserError: no such folder, no run in it, or no such column.
    """
    root = Path(folder)
    if not root.is_dir():
        raise UserError(f"{root} is no folder")
    lines = [_line(path.parent) for path in sorted(root.glob("*/state.json"))]
    if not lines:
        raise UserError(f"{root} holds no runs", "Give the folder that run folders lie in, `runs` by default.")
    return sort_runs(lines, sort)


def print_runs(lines: Sequence[RunLine], console: Console) -> None:
    """Print runs as columns, a line each, however wide."""
    head = ("run", "when", "backbone", "members", "networks", "rows", "top-1", "interval", "top-5", "log-loss", "time")
    cells = [head, *(_cells(one) for one in lines)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        console.line("  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip())


def _cells(one: RunLine) -> tuple[str, ...]:
    return (
        one.name,
        datetime.fromtimestamp(one.when).strftime("%Y-%m-%d %H:%M"),
        one.backbone,
        str(one.members),
        str(one.networks),
        f"{one.rows:,}",
        "–" if one.top1 is None else f"{100 * one.top1.value:.1f} %",
        "unfinished" if one.top1 is None else f"{100 * one.top1.low:.1f}–{100 * one.top1.high:.1f}",
        "–" if one.top5 is None else f"{100 * one.top5:.1f} %",
        "–" if one.log_loss is None else f"{one.log_loss:.3f}",
        duration(one.seconds),
    )


def _line(path: Path) -> RunLine:
    run = Run.open(path)
    networks = [network for found in run.trained.values() for network in found]
    known: dict[str, Any] = {"rows": 0, "top1": None, "top5": None, "log_loss": None}
    if run.has("oof") and run.folder.folds.is_file():
        evidence = Evidence(run)
        prob, label = evidence.prob, evidence.label
        known = {
            "rows": len(label),
            "top1": accuracy(top_k_correct(prob, label), evidence.group),
            "top5": float(top_k_correct(prob, label, min(5, prob.shape[1])).mean()),
            "log_loss": log_loss(prob, label),
        }
    return RunLine(
        name=run.name,
        when=max(file.stat().st_mtime for file in [run.folder.state, *(one.path / Done.PLACE for one in networks)]),
        backbone=", ".join(dict.fromkeys(member.model.backbone for member in run.members.values())),
        members=len(run.trained),
        networks=len(networks),
        seconds=sum(run.seconds.values()),
        **known,
    )


def _page(root: Path, aligned: Aligned, found: Sequence[Against], settings: Sequence[tuple[str, list[str]]]) -> str:
    flipped = []
    for number, one in enumerate(found, start=1):
        for kind, title, places in (("good", "gained", one.gained), ("bad", "lost", one.lost)):
            shown = places[:SHOWN]
            pictures = thumbnails([root / aligned.paths[place] for place in shown], SIDE)
            items = [
                {"picture": data_uri(webp(picture, 50)), **_answers(aligned, int(place), number)}
                for place, picture in zip(shown, pictures, strict=True)
            ]
            if items:
                flipped.append(
                    {"name": one.name, "kind": kind, "title": title, "total": len(places), "drawings": items}
                )
    note = (
        "The p-value and the intervals resample families of near-duplicates; McNemar's exact test takes drawings as "
        "independent."
        if aligned.group is not None
        else "The p-value is McNemar's exact test; intervals are by bootstrap."
    )
    return render(
        "compare",
        title=" / ".join(aligned.names),
        names=aligned.names,
        count=len(aligned.label),
        top1=top1(aligned),
        against=found,
        settings=settings,
        class_names=aligned.class_names,
        flipped=flipped,
        side=SIDE,
        note=note,
    )


def _answers(aligned: Aligned, place: int, number: int) -> dict[str, str]:
    def words(prob: NDArray[np.float32]) -> str:
        answer = int(prob[place].argmax())
        return f"{aligned.class_names[answer]}, {100 * prob[place, answer]:.0f} %"

    return {
        "path": aligned.paths[place],
        "label": aligned.class_names[aligned.label[place]],
        "before": words(aligned.prob[0]),
        "after": words(aligned.prob[number]),
    }


def _print(
    aligned: Aligned, found: Sequence[Against], settings: Sequence[tuple[str, list[str]]], console: Console
) -> None:
    for key, values in settings[:20]:
        console.line(f"{key}: {' → '.join(json.loads(v) if v.startswith(chr(34)) else v for v in values)}")
    for name, estimate in zip(aligned.names, top1(aligned), strict=True):
        console.line(f"{name}: {estimate}")
    for one in found:
        console.line(
            f"{one.name} against {aligned.names[0]}: {one.top1}; {len(one.gained)} gained, {len(one.lost)} lost; "
            f"log-loss {one.log_loss.value:+.3f}"
        )
