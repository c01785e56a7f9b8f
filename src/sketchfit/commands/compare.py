"""`sketchfit compare`: compare runs on the drawings that all of them predicted."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sketchfit.commands.time_runs import time_runs
from sketchfit.errors import UserError
from sketchfit.files import write_output
from sketchfit.reporting.comparing.aligned import align, find_base
from sketchfit.reporting.comparing.costs import training_cost
from sketchfit.reporting.comparing.page import ComparedRun, comparison_page, comparison_title
from sketchfit.reporting.comparing.paired import PairedRuns, RunComparison
from sketchfit.reporting.comparing.settings import DifferingSetting, differing_settings
from sketchfit.reporting.comparing.summary import summary
from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.kit.commands import shown_path
from sketchfit.reporting.site.page_facts import page_facts
from sketchfit.reporting.site.run_facts import data_text, networks_text
from sketchfit.reporting.site.write_site import link_page
from sketchfit.runs.artefacts.claims import percent
from sketchfit.runs.finished import open_finished
from sketchfit.runs.run import Run
from sketchfit.tracking.console import Console
from sketchfit.verbosity import as_results

log = logging.getLogger(__name__)

_PRINTED_SETTINGS = 20


@dataclass(frozen=True)
class CompareOptions:
    """How to compare; `sketchfit.compare` documents each option."""

    names: Sequence[str] = ()
    base: str | None = None
    partial: bool = False
    timed: bool = True


def compare(runs: Sequence[str | Path], out: str | Path, options: CompareOptions) -> list[RunComparison]:
    """Compare runs and write a page; arguments and errors: `sketchfit.compare`.

    Returns:
        Each other run compared with the base.
    """
    Console()  # prints the log
    if len(runs) < 2:
        raise UserError("compare needs two runs or more")
    for run in runs:
        for note in open_finished(run, partial=options.partial)[1]:
            log.info(f"note: {note}")
    evidence = [read_evidence(run) for run in runs]
    aligned = align(evidence, options.names)
    place = find_base(aligned.names, options.base)
    paired, settings = PairedRuns.of(aligned), differing_settings(evidence)
    opened = {name: one.run for name, one in zip(aligned.names, evidence, strict=True)}
    milliseconds = time_runs(opened) if options.timed else [None] * len(runs)
    compared = [_compared(run, time) for run, time in zip(opened.values(), milliseconds, strict=True)]
    facts = page_facts("compare", {"Data": data_text(evidence[0].run)})
    write_output(Path(out), comparison_page(paired, place, compared, settings, facts))
    link_page(Path(out), "comparison", comparison_title(aligned.names), [one.run.path for one in evidence])
    with as_results():
        _print_settings(settings)
        _print(paired, place, compared)
        log.info(f"page: {out}")
    return paired.against(place)


def _compared(run: Run, milliseconds: float | None) -> ComparedRun:
    cost = replace(training_cost(run), milliseconds=milliseconds)
    return ComparedRun(shown_path(run.home), networks_text(run), run.claim, cost)


def _print_settings(settings: Sequence[DifferingSetting]) -> None:
    for one in settings[:_PRINTED_SETTINGS]:
        log.info(f"{one.key}: {' → '.join(map(_unquoted, one.values))}")
    if len(settings) > _PRINTED_SETTINGS:
        log.info(f"{len(settings) - _PRINTED_SETTINGS} more settings differ: see the page")


def _print(paired: PairedRuns, base: int, facts: Sequence[ComparedRun]) -> None:
    for name, estimate, one in zip(paired.aligned.names, paired.aligned.top1, facts, strict=True):
        claimed = "" if one.claim is None else f"; claim for {one.claim.rows} {percent(one.claim.expected)}"
        log.info(f"{name}: {estimate}{claimed}")
    for found in paired.against(base):
        log.info(
            f"{found.name} against {found.base}: {found.top1}; {len(found.gained)} gained, {len(found.lost)} lost; "
            f"log-loss {found.log_loss.value:+.3f}"
        )
    for sentence in summary(paired, base):
        log.info(sentence)


def _unquoted(value: str) -> str:
    """Return a JSON text without its quotes, and any other value unchanged."""
    return str(json.loads(value)) if value.startswith('"') else value
