"""`sketchfit search`: search settings, average the best trials, and estimate on other rows what that has gained."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sketchfit.commands.request import DataRequest
from sketchfit.commands.run import run
from sketchfit.config.load import load_recipe
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.config.search_space import Space, changes_of, parse_space
from sketchfit.errors import Problems, RecipeError
from sketchfit.files import write_text
from sketchfit.reporting.search_page import PAGE, search_page
from sketchfit.reporting.site.page_facts import page_facts
from sketchfit.reporting.site.write_site import link_page
from sketchfit.runs.artefacts import SearchRecord, SearchTrial
from sketchfit.runs.folder import RunFolder, place_of
from sketchfit.runs.launchers import check_alone
from sketchfit.runs.lock import one_writer
from sketchfit.stages.after_training import seconds_after
from sketchfit.stages.check import check_networks
from sketchfit.stages.context import RunContext
from sketchfit.stages.planned_run import planned_folds
from sketchfit.stages.resources import PlannedNetwork
from sketchfit.stages.search.place import place_networks
from sketchfit.stages.search.result import LastFoldFigures, best_mean, measure
from sketchfit.stages.search.study import EndedTrial, TrialStudy, best_trials, readable_storage
from sketchfit.stages.search.trials import Limits, Trials, trial_name
from sketchfit.stages.start import open_tables
from sketchfit.stages.tables import print_table
from sketchfit.stages.variants import VariantTrainer, check_base
from sketchfit.text_tables import table_lines
from sketchfit.tracking.console import duration
from sketchfit.verbosity import as_results
from sketchfit.wording import counted
from sketchfit.workers.start import check_workers, unit_executor

log = logging.getLogger(__name__)

MOST_AT_ONCE = 8
"""Trials that run at the same time; the sampler learns nothing from those that have not ended."""

PREDICTION = 1 / 3
"""Time of predicting an image, relative to training on it."""

SHOWN = 10
"""Trials that are printed."""


@dataclass(frozen=True)
class SearchOptions:
    """What to search, and for how long.

    Attributes:
        over: `key=a,b,c` or `key=low..high` each; empty: the usual settings.
        seconds: for all of it; None: no limit.
        trials: most of them, the recipe itself included; None: no limit.
        average: most trials whose mean is the result.
    """

    over: Sequence[str] = ()
    seconds: float | None = None
    trials: int | None = None
    average: int = 3


def search(request: DataRequest, options: SearchOptions, now: Callable[[], float] = time.monotonic) -> SearchRecord:
    """Run trials, write `search.json`, `search.html` and `recipe.yaml`, and a run of the mean of the best trials.

    The same call again continues: finished trials are kept, and the time counts from the new start.

    Args:
        request: data and the recipe of one network; the folder is by default `runs/DATA-search`.
        options: the settings, the time, the number of trials.
        now: returns the time in seconds.

    Raises:
        UserError: a mistake in the recipe, a setting, the tables, or the folder.
    """
    check_alone(os.environ, "a search")
    began, request = now(), request.resolved()
    base = _base(request.checked_recipe())
    space = parse_space(base, options.over)
    limits = Limits(options.seconds, options.trials, options.average, now, began)
    check_workers(base.compute)
    out = request.out or place_of(request.data, "search")
    with one_writer(out):
        context = open_tables(request.data, base, out)
        print_table(context.table)
        _check(context, space)
        with unit_executor(context, MOST_AT_ONCE) as executor:
            record, recipe = _search(replace(context, executor=executor), request.data, space, limits)
        run(DataRequest(request.data, recipe.model_dump(mode="json"), out=out / record.run))
        link_page(out / PAGE, "search", _title(record), [out / record.run])
    with as_results():
        _print(record, out)
    return record


def _base(recipe: Recipe) -> Recipe:
    """Return the recipe of the only member, without what a search cannot use.

    Raises:
        RecipeError: there are several members, no training, or no fold that could decide nothing.
    """
    if len(member_recipes(recipe)) > 1:
        raise RecipeError("search varies settings of one network, and the recipe has several members")
    (base,) = member_recipes(recipe).values()
    folds, problems = base.folds, []
    if folds.holdout is not None or folds.repeats > 1:
        problems.append(
            "search compares trials on all folds but one, which folds.holdout and folds.repeats do not give"
        )
    if folds.train is not None and len(folds.train) < 2:
        problems.append("search compares trials on all folds but one, and folds.train names one fold")
    if folds.score is not None:
        problems.append("search chooses folds.score itself")
    if base.pseudo_label.enabled or base.distill.enabled or base.soup.folds or base.soup.members != "none":
        problems.append("search has no students and no soups: pseudo_label, distill, soup.members and soup.folds")
    if problems:
        raise RecipeError(problems, "Leave these settings out.")
    return base


def _check(context: RunContext, space: Space) -> None:
    """Refuse the folder of another search, and a network that cannot be trained.

    Raises:
        UserError: everything that is wrong.
    """
    own = check_base(context, "search", [repr(one) for one in space])
    problems = Problems()
    folds = problems.collect(lambda: planned_folds(context.recipe, context.table)) or ()
    if len(folds) == 1:
        raise RecipeError("search compares trials on all folds but one, and there is one fold", "Set folds.k instead.")
    ((name, recipe),) = member_recipes(context.recipe).items()
    network = PlannedNetwork(name, recipe, len(folds), context.run.path)
    check_networks([network], folds, context.table, context.engine, problems).log()
    context.run.write(own)


def _search(context: RunContext, data: Path, space: Space, limits: Limits) -> tuple[SearchRecord, Recipe]:
    """Run the trials, and write the record, the page, the recipe and the networks of the run."""
    trainer = VariantTrainer(context)
    with readable_storage(context.run.path):
        study = TrialStudy(context.run.path, space, context.recipe.seed)
        reserve = partial(_reserve, trainer, limits)
        trials = Trials(trainer, study, space, limits, reserve)
        trials.run()
        ended = study.ended()
    chosen = best_mean(trials, best_trials(ended, limits.average))
    measured = measure(trials, chosen)
    record = _record(trials, data, ended, chosen, measured)
    recipe = _recipe(trials, chosen)
    _write(trials, record, recipe, chosen)
    return record, recipe


def _reserve(trainer: VariantTrainer, limits: Limits, rate: float, costliest: float) -> float:
    """Return the seconds of what follows the trials.

    Args:
        trainer: of the recipe.
        limits: of the search.
        rate: seconds of one network of the recipe.
        costliest: cost of the largest network so far, relative to it.
    """
    table, recipe, folds = trainer.context.table, trainer.context.recipe, len(trainer.folds)
    networks = rate * (costliest + 1) * limits.average  # of the chosen trials and of the recipe, on the last fold
    share = len(table.test) / max(len(table.train), 1)
    passes = rate * costliest * limits.average * folds * PREDICTION / max(recipe.training.epochs, 1) * share
    return networks + passes + seconds_after(recipe, table, "run")


def _record(
    trials: Trials, data: Path, ended: Sequence[EndedTrial], chosen: Sequence[EndedTrial], measured: LastFoldFigures
) -> SearchRecord:
    found = []
    for one in ended:
        seconds = [] if one.status == "failed" else trials.network_seconds(one)
        name = "base" if one.number == 0 else " ".join(f"{key}={value}" for key, value in one.values.items())
        found.append(
            SearchTrial(
                number=one.number,
                name=name,
                score=one.score,
                folds=len(seconds),
                seconds=sum(seconds),
                status=one.status,
                reason=one.reason,
            )
        )
    return SearchRecord(
        data=str(data),
        seconds=trials.limits.seconds,
        used=trials.limits.used,
        folds=tuple(fold.number for fold in trials.folds),
        fold=trials.trainer.folds[-1].number,
        trials=tuple(found),
        chosen=tuple(one.number for one in chosen),
        recipe=measured.recipe,
        repeated=measured.repeated,
        best=measured.best,
        mean=measured.mean,
        gain=measured.gain,
    )


def _recipe(trials: Trials, chosen: Sequence[EndedTrial]) -> Recipe:
    """Return the recipe of the run: the chosen trials are its members, and only the last fold is scored."""
    settings: dict[str, Any] = trials.base.model_dump(mode="json")
    settings["folds"]["score"] = [trials.trainer.folds[-1].number]
    settings["ensemble"]["method"] = "mean"  # that is what was measured
    settings["members"] = {
        trial_name(one.number): {} if one.number == 0 else changes_of(trials.base, dict(one.values)) for one in chosen
    }
    return load_recipe(settings)


def _write(trials: Trials, record: SearchRecord, recipe: Recipe, chosen: Sequence[EndedTrial]) -> None:
    out, table = trials.trainer.context.run, trials.trainer.context.table
    out.write_recipe(recipe)
    out.write(record)
    counts = f"{counted(len(table.label), 'training drawing')}, {counted(table.class_count, 'class')}"
    facts = page_facts("search", {"Data": f"{Path(record.data).resolve().name}: {counts}"})
    write_text(out.path / PAGE, search_page(record, _title(record), facts))
    place_networks(trials, recipe, chosen, RunFolder(out.path / record.run))


def _title(record: SearchRecord) -> str:
    return f"Search on {Path(record.data).resolve().name}"


def _print(record: SearchRecord, out: Path) -> None:
    complete = sorted(
        (one for one in record.trials if one.score is not None),
        key=lambda one: (one.status != "complete", -(one.score or 0.0), one.number),
    )
    cells = [
        (
            f"{100 * (one.score or 0.0):.2f}",
            str(one.folds),
            duration(one.seconds / max(one.folds, 1)),
            f"{trial_name(one.number)}: {one.name}{' (chosen)' if one.number in record.chosen else ''}",
        )
        for one in complete[:SHOWN]
    ]
    for line in table_lines(("top-1", "folds", "per network", "trial"), cells, right=range(3), title=3):
        log.info(line)
    left = len(record.trials) - len(cells)
    if left:
        log.info(f"and {counted(left, 'further trial')}: {out}/{PAGE}")
    count, figures = len(record.chosen), [("the recipe as it was", record.recipe)]
    if count > 1:
        figures += [(f"mean of {count} seeds of it", record.repeated), ("the best trial alone", record.best)]
    figures.append(("the best trial" if count == 1 else f"mean of the best {count} trials", record.mean))
    log.info(f"on fold {record.fold}, by which no trial was chosen:")
    width = max(len(name) for name, _ in figures)
    for name, estimate in figures:
        log.info(f"  {name:{width}}  {estimate}")
    log.info(f"gain of the search against {'the recipe' if count == 1 else f'{count} seeds of it'}: {record.gain}")
    log.info(f"{out}/{PAGE}; run of these trials: {out}/{record.run}")
