"""`sketchfit compare`: compare runs with the first of them, on the drawings that all predicted."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

from sketchfit.errors import UserError
from sketchfit.files import write_output
from sketchfit.reporting.comparison import (
    AlignedRuns,
    RunComparison,
    align,
    compare_with_first,
    differing_settings,
    top1,
)
from sketchfit.reporting.comparison_page import comparison_page
from sketchfit.reporting.evidence import read_evidence
from sketchfit.runs.artefacts import ClaimRecord
from sketchfit.runs.artefacts.claims import percent
from sketchfit.runs.finished import open_finished
from sketchfit.tracking.console import Console

log = logging.getLogger(__name__)

_PRINTED_SETTINGS = 20


def compare(runs: Sequence[str | Path], out: str | Path, *, partial: bool = False) -> list[RunComparison]:
    """Compare runs with the first of them, on the drawings that all predicted out of fold, and write a page.

    Args:
        runs: run folders, two or more.
        out: the page, an HTML file.
        partial: also runs that are not finished, with a note.

    Returns:
        Each other run compared with the first.

    Raises:
        UserError: fewer than two runs, an unfinished run, different classes, or no drawing in common.
    """
    Console("plain")  # prints the log
    if len(runs) < 2:
        raise UserError("compare needs two runs or more")
    for run in runs:
        for note in open_finished(run, partial=partial)[1]:
            log.info(f"note: {note}")
    evidence = [read_evidence(run) for run in runs]
    aligned = align(evidence)
    comparisons = compare_with_first(aligned)
    settings = differing_settings(evidence)
    claims = [one.run.claim for one in evidence]
    write_output(Path(out), comparison_page(aligned, comparisons, settings, claims))
    for key, values in settings[:_PRINTED_SETTINGS]:
        log.info(f"{key}: {' → '.join(map(_unquoted, values))}")
    _print(aligned, comparisons, claims)
    log.info(f"page: {out}")
    return comparisons


def _print(aligned: AlignedRuns, comparisons: Sequence[RunComparison], claims: Sequence[ClaimRecord | None]) -> None:
    for name, estimate, claim in zip(aligned.names, top1(aligned), claims, strict=True):
        claimed = "" if claim is None else f"; claim for {claim.rows} {percent(claim.expected)}"
        log.info(f"{name}: {estimate}{claimed}")
    for one in comparisons:
        log.info(
            f"{one.name} against {aligned.names[0]}: {one.top1}; {len(one.gained)} gained, {len(one.lost)} lost; "
            f"log-loss {one.log_loss.value:+.3f}"
        )


def _unquoted(value: str) -> str:
    """Return a JSON text without its quotes, and any other value unchanged."""
    return str(json.loads(value)) if value.startswith('"') else value
