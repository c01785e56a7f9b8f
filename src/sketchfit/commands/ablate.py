"""`sketchfit ablate`: train a recipe and changes of it on the same folds and seeds, and test which differ."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.callback import AuditCallback
from sketchfit.commands.request import DataRequest
from sketchfit.commands.time_variants import time_variants
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.config.variants import Variant, make_variants
from sketchfit.data.store import Store
from sketchfit.data.store_settings import StoreSettings
from sketchfit.data.stores import load_store, store_settings
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
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.lock import one_writer
from sketchfit.stages.audit import find_groups
from sketchfit.stages.bank import bank
from sketchfit.stages.check import check_networks
from sketchfit.stages.context import Member, RunContext, RunState
from sketchfit.stages.decode import open_members
from sketchfit.stages.directions import with_directions
from sketchfit.stages.planned_run import planned_folds
from sketchfit.stages.relate import relate
from sketchfit.stages.resources import PlannedNetwork
from sketchfit.stages.split import make_folds, trained_folds
from sketchfit.stages.start import open_tables
from sketchfit.stages.start_weights import check_start_weights
from sketchfit.text_tables import table_lines
from sketchfit.training.bank_member import is_bank_member, member_units, train_members
from sketchfit.training.context import OneByOne
from sketchfit.training.fold import mean_oof
from sketchfit.training.fold_result import FoldResult
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
    base, data = request.checked_recipe(), request.data
    out = request.out or Path("runs") / f"{data.resolve().stem}-ablation"
    check_workers(base.compute)
    variants = make_variants(base, variation.settings, variation.grid)
    with one_writer(out):
        context = open_tables(data, base, out)
        _check(context, variants, variation.seeds)
        trainings = wave_size(base) * len(variants) * variation.seeds
        with unit_executor(context, trainings) as executor:
            runner = _Runner(replace(context, executor=executor))
            results = _results(runner, variants, variation.seeds)
        results = _timed(context, variants, results)
        rows = ablation_table(results[0], results[1:], runner.group)
        context.engine.on_main(lambda: _write(rows, out, data.name, context.table))
    with as_results():
        _print(rows, out)
    return rows


def _results(runner: _Runner, variants: Sequence[Variant], seeds: int) -> list[VariantResult]:
    """Train all variants; with workers, the networks of all of them at the same time."""
    if not runner.one_by_one:
        runner.train_ahead(variants, seeds)
    results = []
    for variant in variants:
        results.append(runner.train(variant, seeds))
        accuracy = 100 * results[-1].correct.mean()
        log.info(f"{variant.name}: {accuracy:.2f} % out of fold over {counted(seeds, 'seed')}")
    return results


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


class _Runner:
    """Trains variants on the same folds, from near-duplicates and related rows that are found once."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._stores: dict[StoreSettings, Store] = {}
        table, base = context.table, context.recipe
        state = self._related(context)
        (member,) = state.members.values()
        self._stores[store_settings(base)] = member.train
        group = self._group = state.group
        self._folds = trained_folds(make_folds(table, member.train.readable, group, base)[0], base)
        rows = np.unique(np.concatenate([fold.valid for fold in self._folds]))
        self.group: NDArray[np.int64] | None = None if group is None else group[rows]

    @staticmethod
    def _related(context: RunContext) -> RunState:
        """Return the images of the base, and the groups that its folds keep together, as a run finds them."""
        callback = AuditCallback(context.table, context.recipe)
        with context.engine.main_first():
            members = open_members(context, member_recipes(context.recipe), callback)
            callback.finish(context.console)
            stores = [store.folder.name for one in members.values() for store in (one.train, one.test)]
            state = RunState(members=members, group=find_groups(context, stores))
        if context.recipe.claim.enabled:
            state = bank(context, state)
        return relate(context, state)

    def train(self, variant: Variant, seeds: int) -> VariantResult:
        """Train all seeds of a variant; what is on disk is not trained again."""
        correct, seconds = [], 0.0
        for number in range(seeds):
            results = self._train(variant, self._context.recipe.seed + number)
            correct.append(_correct(results, self._context.table.label))
            seconds += sum(result.seconds for result in results)
        return VariantResult(variant.name, np.stack(correct), seconds)

    @property
    def one_by_one(self) -> bool:
        """Whether networks are trained one after the other."""
        return isinstance(self._context.executor, OneByOne)

    def train_ahead(self, variants: Sequence[Variant], seeds: int) -> None:
        """Train the networks of several variants at the same time; those with heads in closed form are left out."""
        pairs = [(variant, self._context.recipe.seed + number) for variant in variants for number in range(seeds)]
        opened = [self._opened(variant, seed) for variant, seed in pairs]
        units = [
            unit
            for context, member in opened
            if not is_bank_member(member.recipe)
            for unit in member_units(context, member, self._folds)
        ]
        self._context.executor.train(units)

    def _train(self, variant: Variant, seed: int) -> list[FoldResult]:
        context, member = self._opened(variant, seed)
        return list(train_members(context, [member], self._folds, self._group)[0])

    def _opened(self, variant: Variant, seed: int) -> tuple[RunContext, Member]:
        """Return the context of a variant with a seed, and its member."""
        settings = variant.recipe.model_copy(update={"seed": seed})
        run = _seed_folder(self._context, variant, seed)
        context = replace(self._context, run=run, recipe=settings)
        context.engine.on_main(lambda: run.write_recipe(settings))
        ((name, recipe),) = member_recipes(settings).items()
        member = self._member(name, recipe)
        (member,) = with_directions(context, {name: member}, self._group).values()
        check_start_weights(context, {name: recipe}, self._folds, self._group)
        return context, member

    def _store(self, recipe: Recipe) -> Store:
        key = store_settings(recipe)
        if key not in self._stores:
            table, console = self._context.table, self._context.console
            self._stores[key] = load_store(table, table.train, "training", recipe, console)
        return self._stores[key]

    def _member(self, name: str, recipe: Recipe) -> Member:
        """Return the member without test rows: no variant needs their probabilities."""
        train = self._store(recipe)
        return Member(name, recipe, train, replace(train, images=train.images[:0], paper=train.paper[:0], errors=()))


def _folder_name(variant: Variant) -> str:
    plain = re.sub(r"[^\w.=+-]+", "_", variant.name)
    return plain if plain == variant.name and len(plain) < 80 else f"{plain[:70]}-{digest(variant.name)[:8]}"


def _correct(results: Sequence[FoldResult], label: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether each validated row is right, bool [n], rows ascending; repeats are averaged first."""
    rows = np.unique(np.concatenate([result.rows for result in results]))
    right: NDArray[np.bool_] = mean_oof(results).argmax(axis=1) == label[rows]
    return right


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
