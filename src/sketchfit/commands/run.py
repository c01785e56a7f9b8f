"""The main job: one command from tables and images to a submission, each stage resumable."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.commands.submit import write_submission
from sketchfit.config.load import load_recipe, member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.config.student import student_of
from sketchfit.data.folds import balance
from sketchfit.data.stores import load_stores
from sketchfit.data.table import Table, run_state
from sketchfit.distillation.distill import DistillationJob, TeacherMember, distill, distilled_name
from sketchfit.errors import UserError
from sketchfit.files import write_json
from sketchfit.inference.intervals import accuracy
from sketchfit.inference.metrics import top_k_correct
from sketchfit.inference.tta import parse_views
from sketchfit.models.choose_backend import check_backend
from sketchfit.runs.create import open_run
from sketchfit.runs.folder import default_name
from sketchfit.stages.audit import AuditCallback, groups_for_folds
from sketchfit.stages.autotune import resolve_settings
from sketchfit.stages.finish import finish, write_steps
from sketchfit.stages.report import report_after_run
from sketchfit.stages.split import check_students, make_folds, write_folds
from sketchfit.stages.summary import RunResult, print_result, print_store, print_table
from sketchfit.stages.tables import load_table
from sketchfit.stages.tracking import start_tracking
from sketchfit.stages.train import Inputs, fit_fold
from sketchfit.tracking.console import Console
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.tracking.supervise import supervised
from sketchfit.training.engine import make_engine

NAMED = 10
"""Unreadable images that are named on console; all of them are in findings.json."""


@dataclass
class _Clock:
    """Time by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - began


def run(
    data: str | Path,
    recipe: str | Path | Mapping[str, Any] = "cpu",
    overrides: Sequence[str] | Mapping[str, Any] = (),
    out: str | Path | None = None,
    *,
    strict: bool = False,
    fresh: bool = False,
) -> RunResult:
    """Do the main job on a data set.

    Args:
        data: folder with the tables and images, or a table.
        recipe: name of a shipped recipe, path of a YAML file, or the settings themselves.
        overrides: `key=value` texts or a nested mapping, laid on the recipe.
        out: the run's folder; `runs/<data>-<recipe>` by default. The same command again goes on where it stopped.
        strict: stop at an image that can't be read.
        fresh: throw away what the folder holds of an earlier run.

    Raises:
        UserError: a mistake in the recipe, the tables or the folder; all that were found.
    """
    with supervised() as dispatcher:
        return _run(Path(data), recipe, overrides, out, strict, fresh, dispatcher)


def _run(
    data: Path,
    recipe: str | Path | Mapping[str, Any],
    overrides: Sequence[str] | Mapping[str, Any],
    out: str | Path | None,
    strict: bool,
    fresh: bool,
    dispatcher: Dispatcher,
) -> RunResult:
    """All stages, told to those who listen at `dispatcher`."""
    settings = load_recipe(recipe, overrides)
    student = student_of(settings) if settings.distill.enabled else None
    clock = _Clock()
    with clock.stage("tables"):
        table = load_table(data, settings)
    engine = make_engine(settings.compute)
    console = engine.console(settings.tracking)
    name = "custom" if isinstance(recipe, Mapping) else str(recipe)
    folder = Path(out) if out is not None else default_name(name, data)
    with engine.main_first():
        settings = resolve_settings(settings, table.class_count, folder, fresh and engine.is_main, engine, console)
        run_folder = open_run(folder, settings, run_state(table, "run", data), fresh and engine.is_main)
    print_table(table, console)
    told = start_tracking(dispatcher, settings, table, run_folder, engine.is_main)
    members = member_recipes(settings)
    for one in members.values():
        parse_views(one.inference.views)  # a mistake there is told before hours of training
        check_backend(one.inference.backend, engine.device)
    audit_callback = AuditCallback(table, settings)
    with clock.stage("decoding"), engine.main_first():  # so that the process that audits sees the images
        pupil = {} if student is None else {distilled_name(student.name): student.taught}
        inputs = open_inputs(table, {**members, **pupil}, console, audit_callback)
    own = {name: inputs.pop(name) for name in pupil}
    first = next(iter(inputs.values()))
    print_store(first.train, console)
    unreadable = name_unreadable(table, first, strict, console)
    with clock.stage("audit"), engine.main_first():
        stores = [store.folder.name for one in inputs.values() for store in (one.train, one.test)]
        audit_callback.finish(console)
        group = groups_for_folds(table, settings, stores, run_folder.findings.parent, console)
        if group is None:
            write_json(run_folder.findings, _findings(table, *unreadable))
    with clock.stage("folds"):
        folds, assignment = make_folds(table, _usable(inputs), group, settings)
        if engine.is_main:
            write_folds(run_folder.folds, table, assignment, group)
        for fold_of_row in assignment:
            console.line(balance(table.label, fold_of_row))
    chosen = [fold for fold in folds if settings.folds.train is None or fold.number in settings.folds.train]
    check_students(chosen, group, settings)
    with clock.stage("training"):
        results = {
            member: [
                fit_fold(run_folder, member, recipe_of, inputs[member], fold, engine, console, dispatcher)
                for fold in chosen
            ]
            for member, recipe_of in members.items()
        }
    with clock.stage("inference"):
        found = finish(run_folder, settings, members, inputs, chosen, results, engine, console)
    if engine.is_main and len(table.test):
        write_submission(run_folder, table, found.answers.test)
    engine.wait()
    if student is not None:
        with clock.stage("distillation"):
            (images,) = own.values()
            teacher_members = [
                TeacherMember(member, name, members[member], inputs[member]) for member, name in found.networks.items()
            ]
            distillation_job = DistillationJob(run_folder, student, teacher_members, images, settings.distill.test_rows)
            found.steps.done.append(distill(distillation_job, chosen, found.rows, engine, console))
        if engine.is_main:
            write_steps(run_folder, found.steps)
    rows, oof = found.rows, found.answers.oof
    correct1, correct5 = (top_k_correct(oof, rows.label, min(k, table.class_count)) for k in (1, 5))
    result = RunResult(
        folder,
        accuracy(correct1, rows.group),
        accuracy(correct5, rows.group),
        run_folder.submission if len(table.test) else None,
        *unreadable,
        clock.seconds,
        tuple(found.steps.done),
    )
    print_result(result, settings, console)
    if engine.is_main:
        report_after_run(folder, settings, console, clock.seconds)
    told.finished(result, table, first.train, rows.row, oof)
    return result


def open_inputs(
    table: Table, members: Mapping[str, Recipe], console: Console, audit_callback: AuditCallback | None = None
) -> dict[str, Inputs]:
    """Open both stores of each member; `audit_callback` sees what is decoded for them."""
    recipes = list(members.values())
    watch = (audit_callback.train, audit_callback.test) if audit_callback else (lambda _: None,) * 2
    train = load_stores(table, table.train, "training", recipes, console, watch[0])
    test = load_stores(table, table.test, "test", recipes, console, watch[1])
    return {member: Inputs(table, *both) for member, *both in zip(members, train, test, strict=True)}


def _usable(inputs: Mapping[str, Inputs]) -> NDArray[np.bool_]:
    """bool [N]: training rows that every member can read."""
    usable: NDArray[np.bool_] = np.logical_and.reduce([member.train.readable for member in inputs.values()])
    return usable


def name_unreadable(
    table: Table, inputs: Inputs, strict: bool, console: Console
) -> tuple[dict[str, str], dict[str, str]]:
    """Images that can't be read, by path, of both tables; named on console, or a stop if `strict`."""
    train = {path: error for path, error in zip(table.train.paths, inputs.train.errors, strict=True) if error}
    test = {path: error for path, error in zip(table.test.paths, inputs.test.errors, strict=True) if error}
    problems = [f"{path}: {error}" for path, error in [*train.items(), *test.items()]]
    if strict and problems:
        raise UserError(
            [f"{len(problems)} images can't be read", *problems],
            "Mend them, or leave out --strict: such training rows are then dropped, and such test rows get the prior.",
        )
    if len(train) == len(table.train):
        raise UserError(["no training image can be read", *problems[:NAMED]], "Check the paths and the files.")
    for found, what in (
        (train, "training images can't be read and are dropped"),
        (test, "test images can't be read and get the prior"),
    ):
        if found:
            console.line(f"{len(found)} {what}:")
            for path, error in list(found.items())[:NAMED]:
                console.line(f"  {path}: {error}")
    return train, test


def _findings(table: Table, train: dict[str, str], test: dict[str, str]) -> dict[str, Any]:
    return {"notes": table.notes, "unreadable": {"train": train, "test": test}}
