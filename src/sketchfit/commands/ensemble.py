"""`sketchfit ensemble`: finished runs on one table, and others' submissions, combined in a new run-like folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sketchfit.commands.submit import run_table
from sketchfit.data.sheets import open_text
from sketchfit.data.table import Table
from sketchfit.errors import UserError, not_a_file
from sketchfit.inference import votes
from sketchfit.inference.external import guessed_weights, parse_external
from sketchfit.inference.oof import Floats, Predictions, Rows, rows_of
from sketchfit.inference.predictions import align_runs
from sketchfit.runs.artefacts import Sources, Step, Steps
from sketchfit.runs.create import check_kind, is_empty, write_state
from sketchfit.runs.finished import open_finished
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.large_arrays import large_arrays_in
from sketchfit.runs.lock import one_writer
from sketchfit.runs.run import Run
from sketchfit.runs.table import write_training_rows
from sketchfit.stages.calibrate import calibrate_predictions, calibration_record
from sketchfit.stages.combine import combine_members, ensemble_steps
from sketchfit.stages.submit import write_submission
from sketchfit.stages.write_predictions import write_choices, write_ensemble, write_run_predictions
from sketchfit.tracking.console import Console


def combine(
    runs: Sequence[str | Path],
    out: str | Path,
    submissions: Mapping[str | Path, float] | None = None,
    console: Console | None = None,
    *,
    partial: bool = False,
) -> list[Step]:
    """Combine finished runs on the same table.

    Each run takes part with its own out-of-fold and test probabilities. The rules that are compared and the calibration
    are those of the first run's recipe; folds for nested estimates and families of near-duplicates too.

    Submissions by others have no out-of-fold rows: they join the test probabilities by weights that follow from their
    assumed accuracies and the runs' own estimated one.

    Args:
        runs, out, submissions, partial: as for `sketchfit.ensemble`, which states the errors too.
        console: where to print what was found.

    Returns:
        Out-of-fold accuracy of each run, of the ensemble, and after calibration.
    """
    submissions = submissions or {}
    target = RunFolder(Path(out))
    _check(runs, target, submissions)
    console = console or Console("none")
    opened = [open_finished(run, partial=partial) for run in runs]
    for note in (note for _, lacks in opened for note in lacks):
        console.line(f"note: {note}")
    with one_writer(target.path), large_arrays_in(target.path):
        return _combine(_named([run for run, _ in opened]), target, submissions, console)


def _combine(
    opened: Mapping[str, Run], target: RunFolder, submissions: Mapping[str | Path, float], console: Console
) -> list[Step]:
    """Combine the runs and write everything; see `combine`."""
    first = next(iter(opened.values()))
    table, recipe = run_table(first), first.recipe
    rows, members = _members(opened, len(table.test))
    ensemble = combine_members(members, rows, recipe.ensemble, recipe.seed)
    steps = [rows.step(name, one.oof) for name, one in members.items()]
    steps += ensemble_steps(ensemble, rows)
    calibrated = calibrate_predictions(ensemble.predictions, rows, recipe.calibration)
    predictions = calibrated.predictions
    if submissions:
        own = steps[-1].top1.value
        test = _with_submissions(predictions.test, own, submissions, table, console)
        predictions = Predictions(predictions.oof, test)
    write_ensemble(target, recipe, ensemble, list(opened))
    target.write(calibration_record(calibrated, rows, recipe.calibration))
    write_choices(target, [*([] if ensemble.choice is None else [ensemble.choice]), *calibrated.choices])
    write_run_predictions(target, rows, predictions)
    target.write(Steps(steps=tuple(steps)))
    _write_identity(target, opened, submissions)
    if len(table.test):
        write_submission(target, table, predictions.test)
    return steps


def parse_submissions(texts: Sequence[str]) -> dict[str | Path, float]:
    """Read `FILE=ACCURACY` texts as `combine` takes them.

    Raises:
        UserError: a text of another form.
    """
    found: dict[str | Path, float] = {}
    for text in texts:
        name, _, guess = text.rpartition("=")
        path = Path(name or text)
        if path in found:
            raise UserError(f"{path} is named more than once")
        try:
            found[path] = float(guess)
        except ValueError as error:
            raise UserError(
                f"{text!r} is not of the form FILE=ACCURACY", "For example: --submission theirs.csv=0.91"
            ) from error
    return found


def _check(runs: Sequence[str | Path], target: RunFolder, submissions: Mapping[str | Path, float]) -> None:
    if len(runs) + len(submissions) < 2 or not runs:
        raise UserError("an ensemble takes two runs or more, or a run and a submission")
    problems = [f"{text} is named more than once" for text in _repeated([*runs, *submissions])]
    problems += [
        f"{path}: an accuracy is between 0 and 1, and this one is {guess}"
        for path, guess in submissions.items()
        if not 0 <= guess <= 1
    ]
    problems += [not_a_file(path) for path in submissions if not Path(path).is_file()]
    if problems:
        raise UserError(problems)
    if target.state.is_file():
        check_kind(target, "ensemble")
    elif not is_empty(target.path) and not Sources.exists(target.path):
        raise UserError(f"{target.path} is not empty and holds no ensemble", "Choose another folder with --out.")


def _repeated(paths: Sequence[str | Path]) -> list[str]:
    """Return the paths of places that earlier ones name too."""
    places = [Path(path).resolve() for path in paths]
    return [str(path) for number, path in enumerate(paths) if places[number] in places[:number]]


def _named(runs: Sequence[Run]) -> dict[str, Run]:
    """Name each run by its folder; by the complete path where two share a name."""
    names = [run.name for run in runs]
    return {run.name if names.count(run.name) == 1 else str(run.path): run for run in runs}


def _members(runs: Mapping[str, Run], test_rows: int) -> tuple[Rows, dict[str, Predictions]]:
    """Read the probabilities of each run, and what is known of the out-of-fold rows."""
    row, oof = align_runs(runs, "oof")
    tests: tuple[Floats, ...] = tuple(np.zeros((0, prob.shape[1]), dtype=np.float32) for prob in oof)
    if test_rows:
        predicted, tests = align_runs(runs, "test")
        if len(predicted) != test_rows:
            raise UserError(f"{', '.join(runs)} predict {len(predicted)} of {test_rows} test rows")
    members = {name: Predictions(*both) for name, *both in zip(runs, oof, tests, strict=True)}
    return rows_of(next(iter(runs.values())).rows, row), members


def _with_submissions(
    test: Floats, accuracy: float, submissions: Mapping[str | Path, float], table: Table, console: Console
) -> Floats:
    """Average the runs' probabilities with others', weighted by accuracy."""
    others = [
        parse_external(open_text(Path(path)), table, guess, Path(path).name) for path, guess in submissions.items()
    ]
    weights = guessed_weights(np.array([accuracy, *submissions.values()]), table.class_count)
    for name, weight in zip(["the runs", *map(str, submissions)], weights, strict=True):
        console.line(f"  test probabilities: weight {weight:.2f} for {name}")
    console.line("  out-of-fold figures are those of the runs alone: a submission has no out-of-fold rows")
    return votes.mean([test, *others], weights).astype(np.float32)


def _write_identity(target: RunFolder, runs: Mapping[str, Run], submissions: Mapping[str | Path, float]) -> None:
    """Write what makes the folder a run for its readers: recipe, folds, state; and what it was made of."""
    first = next(iter(runs.values()))
    target.write_recipe(first.recipe)
    write_training_rows(target.folds, first.rows)
    target.write(
        Sources(
            runs={name: str(run.path.resolve()) for name, run in runs.items()},
            submissions={str(path): guess for path, guess in submissions.items()},
        )
    )
    write_state(target, first.state.model_copy(update={"kind": "ensemble"}))
