"""`sketchfit ablate`: train a recipe and changes of it on the same folds and seeds, and compare their accuracy."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import ValidationError
from rich.table import Table as RichTable

from sketchfit.audit.callback import AuditCallback
from sketchfit.config.family import FamilySection
from sketchfit.config.load import dump_recipe, load_recipe
from sketchfit.config.overrides import merge
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import can_be_varied
from sketchfit.config.section import Section
from sketchfit.data.store import Receiver, Store, StoreSettings
from sketchfit.data.stores import load_store, store_settings
from sketchfit.errors import UserError
from sketchfit.files import write_text
from sketchfit.reporting.ablation import (
    NOTE,
    AblationRow,
    VariantResult,
    ablation_page,
    ablation_table,
    table_rows,
    to_csv,
)
from sketchfit.runs.fingerprint import digest
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.audit import find_groups
from sketchfit.stages.context import Member, RunContext
from sketchfit.stages.split import make_folds, trained_folds
from sketchfit.stages.tables import load_table
from sketchfit.tracking.console import Console
from sketchfit.training.engine import make_engine
from sketchfit.training.fold import FoldResult, train_fold
from sketchfit.wording import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Variant:
    """A change of the base: its name (`loss=focal`) and the complete recipe."""

    name: str
    recipe: Recipe

    @property
    def folder(self) -> str:
        """Its folder's name."""
        plain = re.sub(r"[^\w.=+-]+", "_", self.name)
        return plain if plain == self.name and len(plain) < 80 else f"{plain[:70]}-{digest(self.name)[:8]}"


@dataclass(frozen=True)
class Variation:
    """What to vary.

    Attributes:
        settings: `key=value,value` each; the base's own value is skipped.
        seeds: trainings per variant, with the seeds recipe.seed, recipe.seed + 1, …; the folds stay the same.
        grid: every combination of the values instead of one change at a time.
    """

    settings: Sequence[str]
    seeds: int = 2
    grid: bool = False


def ablate(
    data: str | Path,
    variation: Variation,
    recipe: str | Path | Mapping[str, Any] = "cpu",
    overrides: Sequence[str] | Mapping[str, Any] = (),
    out: str | Path = "runs/ablation",
) -> list[AblationRow]:
    """Train the base and its variants and write `ablation.csv` and `ablation.html`.

    The stages after training (views, calibration, ensembles) are left out. Started again with more variants or seeds,
    it trains only those that are missing.

    Args:
        data: folder with the tables and images, or a table.
        variation: the settings to vary.
        recipe, overrides: the base.
        out: folder; `variants/NAME/seedK` holds each training.

    Returns:
        The table: base first, then variants, the best first.

    Raises:
        UserError: a mistake in the recipe, in a value or in the tables.
    """
    base = load_recipe(recipe, overrides)
    variants = make_variants(base, variation.settings, variation.grid)
    table = load_table(Path(data), base)
    engine = make_engine(base.compute)
    context = RunContext(RunFolder(Path(out)), base, table, engine, engine.console(base.tracking))
    runner = _Runner(context)
    results = []
    for variant in variants:
        results.append(runner.train(variant, variation.seeds))
        accuracy = 100 * results[-1].correct.mean()
        log.info(f"{variant.name}: {accuracy:.2f} % out of fold over {counted(variation.seeds, 'seed')}")
    rows = ablation_table(results[0], results[1:], runner.family)
    engine.on_main(lambda: _write(rows, Path(out), Path(data).name))
    _print(rows, Path(out), context.console)
    return rows


def make_variants(base: Recipe, vary: Sequence[str], grid: bool = False) -> list[Variant]:
    """Return the base, then its changes, all checked before anything is trained.

    Raises:
        UserError: every mistake in the settings or values.
    """
    levers = [_lever(base, text) for text in vary]
    if not levers:
        raise UserError("there is nothing to vary", "For example: --vary loss=ce,focal")
    if len(member_recipes(base)) > 1:
        raise UserError("ablate compares settings of one network, and the recipe has several members")
    steps = itertools.product(*levers) if grid else ((change,) for lever in levers for change in lever)
    whole = base.model_dump(mode="json")
    found = {dump_recipe(base): Variant("base", base)}
    problems: list[str] = []
    for changes in steps:
        settings, name = whole, " ".join(change for change, _ in changes)
        for _, nested in changes:
            settings = merge(settings, nested)
        try:
            changed = load_recipe(settings)
        except UserError as error:
            problems += [f"{name}: {problem}" for problem in error.problems]
            continue
        found.setdefault(dump_recipe(changed), Variant(name, changed))
    if problems:
        raise UserError(problems, "Correct the values of --vary, or the base with --set.")
    return list(found.values())


def _lever(base: Recipe, text: str) -> list[tuple[str, dict[str, Any]]]:
    """`key=a,b` → (`key=a`, the settings to merge) each."""
    key, equals, values = text.partition("=")
    key = key.strip()
    if not equals or not values.strip():
        raise UserError(f"--vary {text!r} is not of the form key=value,value")
    if not can_be_varied(key):
        raise UserError(
            f"--vary {key}: this setting is shared by all variants, or it does not change a training",
            "Vary a setting of model, transforms, loss, optimizer, schedule, training, averaging, data or compute.",
        )
    try:
        parsed = yaml.safe_load(f"[{values}]")
    except yaml.YAMLError as error:
        raise UserError(f"--vary {text!r}: the values are not a YAML list: {error}") from error
    return [(f"{key}={_short(value)}", _nested(key, _expanded(base, key, value))) for value in parsed]


def _short(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).strip()
    return text.removesuffix("...").strip()


def _expanded(base: Recipe, key: str, value: Any) -> Any:
    """`loss=focal` changes the loss's name alone; its other settings stay as in the base."""
    held: Any = base
    for part in key.split("."):
        held = getattr(held, part, None)
    if isinstance(held, FamilySection):
        return {"name": value} if isinstance(value, str) else value
    if isinstance(held, Section) and not isinstance(value, Mapping):
        with suppress(ValidationError):  # reported when the variant is checked
            return type(held).model_validate(value).model_dump(mode="json", exclude_unset=True)
    return value


def _nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


class _Runner:
    """Trains variants on the same folds, from near-duplicate groups that are found once."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._stores: dict[StoreSettings, Store] = {}
        table, base = context.table, context.recipe
        callback = AuditCallback(table, base)
        with context.engine.main_first():
            store = self._store(base, callback.train)
            callback.finish(context.console)
            group = find_groups(context, [store.folder.name])
        self._folds = trained_folds(make_folds(table, store.readable, group, base)[0], base)
        rows = np.unique(np.concatenate([fold.valid for fold in self._folds]))
        self.family: NDArray[np.int64] | None = None if group is None else group[rows]

    def train(self, variant: Variant, seeds: int) -> VariantResult:
        """Train all seeds of a variant; what is on disk is not trained again."""
        correct, seconds = [], 0.0
        for number in range(seeds):
            results = self._train(variant, self._context.recipe.seed + number)
            correct.append(_correct(results, self._context.table.label))
            seconds += sum(result.seconds for result in results)
        return VariantResult(variant.name, np.stack(correct), seconds)

    def _train(self, variant: Variant, seed: int) -> list[FoldResult]:
        settings = variant.recipe.model_copy(update={"seed": seed})
        run = RunFolder(self._context.run.path / "variants" / variant.folder / f"seed{seed}")
        context = replace(self._context, run=run, recipe=settings)
        context.engine.on_main(lambda: run.write_recipe(settings))
        ((name, recipe),) = member_recipes(settings).items()
        member = self._member(name, recipe)
        return [train_fold(context, member, fold) for fold in self._folds]

    def _store(self, recipe: Recipe, receiver: Receiver = lambda _: None) -> Store:
        key = store_settings(recipe)
        if key not in self._stores:
            table, console = self._context.table, self._context.console
            self._stores[key] = load_store(table, table.train, "training", recipe, console, receiver)
        return self._stores[key]

    def _member(self, name: str, recipe: Recipe) -> Member:
        """Return the member without test rows: no variant needs their probabilities."""
        train = self._store(recipe)
        return Member(name, recipe, train, replace(train, images=train.images[:0], paper=train.paper[:0], errors=()))


def _write(rows: Sequence[AblationRow], out: Path, data: str) -> None:
    write_text(out / "ablation.csv", to_csv(rows))
    write_text(out / "ablation.html", ablation_page(rows, f"Ablation on {data}"))


def _correct(results: Sequence[FoldResult], label: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Right or wrong of each validated row, in the order of the rows; repeats are averaged first."""
    rows, place = np.unique(np.concatenate([result.rows for result in results]), return_inverse=True)
    total = np.zeros((len(rows), results[0].oof.shape[1]))
    np.add.at(total, place, np.concatenate([result.oof for result in results]))
    right: NDArray[np.bool_] = total.argmax(axis=1) == label[rows]
    return right


def _print(rows: Sequence[AblationRow], out: Path, console: Console) -> None:
    """The table, names of variants last as they may be long; the files hold the other columns."""
    shown = RichTable(box=None, pad_edge=False)
    for name in ("top-1", "difference", "95 % interval", "minutes", ""):
        shown.add_column(name, justify="left" if not name else "right", no_wrap=True)
    shown.add_column("variant", overflow="fold")
    for line in table_rows(rows):
        interval = f"{line['low']} to {line['high']}" if line["low"] else ""
        minutes = f"{float(line['seconds']) / 60:.1f}"
        shown.add_row(line["top1"], line["difference"], interval, minutes, line["verdict"], line["variant"])
    console.rich.print(shown)
    for sentence in _sentences(NOTE):
        log.info(sentence)
    log.info(f"{out}/ablation.csv, {out}/ablation.html")


def _sentences(text: str) -> Iterator[str]:
    yield from re.split(r"(?<=\.) ", text)
