"""`sketchfit ablate`: train a recipe and changes of it on the same folds and seeds, and test which differ."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sketchfit.commands.request import DataRequest
from sketchfit.commands.time_variants import time_variants
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.config.variants import Variant, make_variants
from sketchfit.data.table import Table, fingerprint
from sketchfit.errors import Problems
from sketchfit.files import write_text
from sketchfit.reporting.ablation import (
    NOTE,
    AblationRow,
    VariantResult,
    ablation_table,
    table_rows,
    to_csv,
)
from sketchfit.reporting.ablation_page import ablation_page
from sketchfit.reporting.site.page_facts import page_facts
from sketchfit.reporting.site.write_site import link_page, runs_on
from sketchfit.runs.fingerprint import digest
from sketchfit.runs.folder import RunFolder, place_of
from sketchfit.runs.lock import one_writer
from sketchfit.stages.check import check_networks
from sketchfit.stages.context import RunContext
from sketchfit.stages.planned_run import planned_folds
from sketchfit.stages.resources import PlannedNetwork
from sketchfit.stages.start import open_tables
from sketchfit.stages.variants import VariantTrainer, check_base, right_rows
from sketchfit.text_tables import table_lines
from sketchfit.verbosity import as_results
from sketchfit.wording import counted
from sketchfit.workers.start import check_workers, unit_executor, wave_size

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Variation:
    """What to vary.

    Attributes:
        settings: `key=value,value` each; a value that the base has is left out.
        seeds: trainings per variant, with the seeds recipe.seed, recipe.seed + 1, …; the folds stay.
        grid: every combination of the values instead of one change at a time.
    """

    settings: Sequence[str]
    seeds: int = 2
    grid: bool = False


def ablate(request: DataRequest, variation: Variation) -> list[AblationRow]:
    """Train the base and its variants and write `ablation.csv` and `ablation.html`.

    Stages after training (views, calibration, ensembles) are left out. Started again with more variants or seeds, it
    trains only those that are missing.

    Args:
        request: data and the base; the folder is by default `runs/DATA-ablation`, and `variants/NAME/seedK` in it
            holds each training.
        variation: what to vary.

    Returns:
        The table: base first, then variants, the best first.

    Raises:
        UserError: a mistake in the recipe, in a value or in the tables.
    """
    request = request.resolved()
    base, data = request.checked_recipe(), request.data
    out = request.out or place_of(data, "ablation")
    check_workers(base.compute)
    variants = make_variants(base, variation.settings, variation.grid)
    with one_writer(out):
        context = open_tables(data, base, out)
        started = check_base(context, "ablation")
        _check(context, variants, variation.seeds)
        context.engine.on_main(lambda: context.run.write(started))
        trainings = wave_size(base, context.table) * len(variants) * variation.seeds
        with unit_executor(context, trainings) as executor:
            trainer = VariantTrainer(replace(context, executor=executor))
            results = _results(trainer, variants, variation.seeds)
        results = _timed(context, variants, results)
        rows = ablation_table(results[0], results[1:], trainer.group_of(trainer.folds))
        context.engine.on_main(lambda: _write(rows, out, data.resolve().name, context.table))
    with as_results():
        _print(rows, out)
    return rows


def _results(trainer: VariantTrainer, variants: Sequence[Variant], seeds: int) -> list[VariantResult]:
    """Train all variants; with workers, the networks of all of them at the same time."""
    trainings = {variant.name: _trainings(trainer.context, variant, seeds) for variant in variants}
    if not trainer.one_by_one:
        trainer.train_ahead([training for found in trainings.values() for training in found])
    results = []
    for name, found in trainings.items():
        results.append(_train(trainer, name, found))
        accuracy = 100 * results[-1].correct.mean()
        log.info(f"{name}: {accuracy:.2f} % out of fold over {counted(seeds, 'seed')}")
    return results


def _trainings(context: RunContext, variant: Variant, seeds: int) -> list[tuple[RunFolder, Recipe]]:
    """Return the folder and the recipe of each seed of a variant."""
    recipes = [variant.recipe.model_copy(update={"seed": context.recipe.seed + number}) for number in range(seeds)]
    return [(_seed_folder(context, variant, recipe.seed), recipe) for recipe in recipes]


def _train(trainer: VariantTrainer, name: str, trainings: Sequence[tuple[RunFolder, Recipe]]) -> VariantResult:
    """Train all seeds of a variant; what is on disk is not trained again."""
    correct, seconds = [], 0.0
    for run, recipe in trainings:
        results = trainer.train(run, recipe)
        correct.append(right_rows(results, trainer.context.table.label))
        seconds += sum(result.seconds for result in results)
    return VariantResult(name, np.stack(correct), seconds)


def _check(context: RunContext, variants: Sequence[Variant], seeds: int) -> None:
    """Check the folds, and try the network of each variant that has trainings left.

    Raises:
        UserError: everything that is wrong.
    """
    problems, recipe = Problems(), context.recipe
    folds = problems.collect(lambda: planned_folds(recipe, context.table)) or ()
    networks = []
    for variant in variants:
        folders = [_seed_folder(context, variant, recipe.seed + number) for number in range(seeds)]
        ((name, own),) = member_recipes(variant.recipe).items()
        left = sum(len(folds) - len(folder.networks(name)) for folder in folders)
        networks.append(PlannedNetwork(variant.name, own, max(left, 0), context.run.path))
    with context.engine.main_first() as is_main:
        if is_main:
            check_networks(networks, folds, context.table, context.engine, problems).log()


def _timed(context: RunContext, variants: Sequence[Variant], results: Sequence[VariantResult]) -> list[VariantResult]:
    """Add the time per image, where variants differ in what it depends on, and one process trains."""
    if context.engine.processes > 1:
        return list(results)
    folders = [_seed_folder(context, variant, context.recipe.seed) for variant in variants]
    recipes = [variant.recipe for variant in variants]
    times = time_variants(recipes, folders, context.table.class_count, context.engine.device)
    return [replace(result, milliseconds=time) for result, time in zip(results, times, strict=True)]


def _seed_folder(context: RunContext, variant: Variant, seed: int) -> RunFolder:
    return RunFolder(context.run.path / "variants" / _folder_name(variant) / f"seed{seed}")


def _folder_name(variant: Variant) -> str:
    plain = re.sub(r"[^\w.=+-]+", "_", variant.name)
    return plain if plain == variant.name and len(plain) < 80 else f"{plain[:70]}-{digest(variant.name)[:8]}"


def _write(rows: Sequence[AblationRow], out: Path, data: str, table: Table) -> None:
    write_text(out / "ablation.csv", to_csv(rows))
    page, title = out / "ablation.html", f"Ablation on {data}"
    counts = f"{counted(len(table.label), 'training drawing')}, {counted(table.class_count, 'class')}"
    write_text(page, ablation_page(rows, title, page_facts("ablate", {"Data": f"{data}: {counts}"})))
    link_page(page, "ablation", title, runs_on(fingerprint(table), out.absolute().parent))


def _print(rows: Sequence[AblationRow], out: Path) -> None:
    """Print the table; names of variants come last, as they may be long."""
    cells = []
    for line in table_rows(rows):
        interval = f"{line['low']} to {line['high']}" if line["low"] else ""
        minutes = f"{float(line['seconds']) / 60:.1f}"
        cells.append((line["top1"], line["difference"], interval, minutes, line["verdict"], line["variant"]))
    head = ("top-1", "difference", "95 % interval", "minutes", "", "variant")
    for text in table_lines(head, cells, right=range(4), title=5):
        log.info(text)
    for sentence in re.split(r"(?<=\.) ", NOTE):
        log.info(sentence)
    log.info(f"{out}/ablation.csv, {out}/ablation.html")
