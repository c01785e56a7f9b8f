"""`sketchfit scout`: which backbone and input size suit a data set on this machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sketchfit.candidates import find_candidates
from sketchfit.commands.request import DataRequest
from sketchfit.errors import UserError
from sketchfit.files import write_text
from sketchfit.reporting.kit.formats import percent
from sketchfit.reporting.scout_page import PAGE, scout_page
from sketchfit.runs.artefacts.scout import OptionFigures, ScoutRecord
from sketchfit.runs.folder import RunFolder, place_of
from sketchfit.runs.lock import one_writer
from sketchfit.shell import joined
from sketchfit.stages.scout.budget import Budget
from sketchfit.stages.scout.decide import FINALISTS
from sketchfit.stages.scout.scout import ScoutRequest, scout
from sketchfit.stages.start import open_tables
from sketchfit.stages.tables import print_table
from sketchfit.text_tables import table_lines
from sketchfit.tracking.console import duration
from sketchfit.verbosity import as_results
from sketchfit.workers.start import check_auto, check_workers

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ScoutOptions:
    """What to compare.

    Attributes:
        candidates: timm names, files of weights, folders of them; empty: the shipped table.
        sizes: of the input in pixels; empty: some of each candidate's own.
        seconds: for all of it.
        run_seconds: longest training time of a run with the chosen option; None: any.
        allow_noncommercial: also weights whose licence forbids commercial use.
    """

    candidates: Sequence[str] = ()
    sizes: Sequence[int] = ()
    seconds: float = 300.0
    run_seconds: float | None = None
    allow_noncommercial: bool = False


def find_backbone(
    request: DataRequest, options: ScoutOptions, now: Callable[[], float] = time.monotonic
) -> ScoutRecord:
    """Compare backbones and input sizes, and write `scout.json`, `scout.html` and the recipe of the best one.

    Args:
        request: data and the base, whose backbone, weights and input size are replaced; errors: `sketchfit.scout`.
        options: what to compare.
        now: returns the time in seconds.
    """
    began, out = now(), scout_folder(request)
    request = request.resolved(candidates=True)
    if any(not 16 <= size <= 2048 for size in options.sizes):
        raise UserError(f"scout: sizes are 16 to 2048 pixels, not {', '.join(map(str, options.sizes))}")
    base = request.checked_recipe()
    if base.training.epochs == 0:
        raise UserError("scout fine-tunes networks, and the recipe has training.epochs=0", "Set 1 or more.")
    check_workers(base.compute)
    with one_writer(out):
        context = open_tables(request.data, base, out)
        check_auto(context, FINALISTS)
        print_table(context.table)
        candidates = find_candidates(options.candidates, options.allow_noncommercial)
        budget = Budget(options.seconds, now, began)
        record, _ = scout(context, ScoutRequest(candidates, budget, options.sizes, options.run_seconds))
        write_text(out / PAGE, scout_page(record))
    with as_results():
        _print(record, out)
    return record


def scout_folder(request: DataRequest) -> Path:
    """Return the folder of the results; where the user names none, `runs/DATA-scout`."""
    return request.out or place_of(request.data, "scout")


def _print(record: ScoutRecord, out: Path) -> None:
    cells = [_cells(one, record) for one in sorted(record.options, key=_order)]
    for line in table_lines(("frozen", "fine-tuned", "run", "ms/image", "option"), cells, right=range(4), title=4):
        log.info(line)
    if any(one.doubt for one in record.options):
        log.info("~: uncertain, because other processes disturbed the measurement")
    log.info(f"chosen: {record.chosen}. Reason: {record.reason}")
    following = ["sketchfit", "run", str(record.data), "--recipe", str(RunFolder(out).recipe)]
    log.info(f"{out}/{PAGE}; next: {joined(following)}")


def _order(option: OptionFigures) -> tuple[bool, float]:
    return option.bank_top1 is None, -(option.bank_top1.value if option.bank_top1 else 0.0)


def _cells(option: OptionFigures, record: ScoutRecord) -> list[str]:
    bank, tuned = (None if one is None else one.value for one in (option.bank_top1, option.tuned_top1))
    seconds, ms = option.train_seconds, option.ms_per_image
    guess = "~" if option.doubt else ""
    mark = " (chosen)" if option.name == record.chosen else ""
    why = f": {option.left_out}" if option.left_out else ""
    return [
        percent(bank),
        percent(tuned),
        "" if seconds is None else f"{guess}{duration(seconds)}",
        "" if ms is None else f"{guess}{ms:.1f}",
        f"{option.name}{mark}{why}",
    ]
