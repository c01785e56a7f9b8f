"""`sketchfit ensemble`: finished runs on one table, and others' submissions, into a new run-like folder."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from sketchfit.commands.submit import run_recipe, run_table, write_submission
from sketchfit.data.table import Table
from sketchfit.errors import UserError
from sketchfit.files import read_json, write_json
from sketchfit.inference import votes
from sketchfit.inference.external import guessed_weights, parse_external
from sketchfit.inference.oof import Answers, Floats, Steps, read_rows
from sketchfit.inference.predictions import Predictions, aligned, load
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.calibrate import calibrate, write_calibration
from sketchfit.stages.combine import combine_members, write_ensemble
from sketchfit.stages.finish import write_answers, write_steps
from sketchfit.tracking.console import Console


def combine(
    runs: Sequence[str | Path],
    out: str | Path,
    submissions: Mapping[str | Path, float] | None = None,
    console: Console | None = None,
) -> Steps:
    """Combine finished runs on the same table.

    Each run takes part with its own out-of-fold and test answers. The ways of combining and the calibration are those
    of the first run's recipe; folds for nested estimates and families of near-duplicates too.

    Args:
        runs: folders of two or more runs, or of one where there are submissions.
        out: folder of the ensemble; it has the answers, the submission and the table of a run, but no networks.
        submissions: CSV files of labels or probabilities by others, each with its believed accuracy, 0 … 1. They have
            no out-of-fold rows: they join the test answers alone, by weights that follow from those accuracies and the
            runs' own estimated one, and no out-of-fold figure speaks of them.
        console: where to say what was found.

    Returns:
        Out-of-fold accuracy of each run, of the ensemble, and after calibration.

    Raises:
        UserError: runs on other tables, of other classes or class orders, with other rows, or with NaN; a submission
            that does not answer every row; the folder is not empty.
    """
    console = console or Console("none")
    submissions = submissions or {}
    folders = [RunFolder(Path(run)) for run in runs]
    target = RunFolder(Path(out))
    _check(folders, target, submissions)
    table = run_table(folders[0])
    names = _names(folders)
    oof = aligned([_read(folder, name, "oof") for folder, name in zip(folders, names, strict=True)])
    rows = read_rows(folders[0].folds, oof[0].row.astype(np.int64))
    tests = _tests(folders, names, table)
    members = {name: Answers(_floats(part), test) for name, part, test in zip(names, oof, tests, strict=True)}
    recipe = run_recipe(folders[0])
    steps = Steps(rows)
    for name, answers in members.items():
        steps.add(name, answers.oof)
    ensemble = combine_members(members, rows, recipe.ensemble, recipe.seed)
    if ensemble.comparison is not None:
        best = ensemble.comparison["best-member"] if "best-member" in recipe.ensemble.compare else None
        steps.add(f"ensemble: {ensemble.method}", ensemble.answers.oof, None if best is None else best.prob)
    calibrated = calibrate(ensemble.answers, rows, recipe.calibration)
    answers = calibrated.answers
    if submissions:
        own = steps.done[-1].top1.value
        answers = Answers(answers.oof, _with_submissions(answers.test, own, submissions, table, console))
    write_ensemble(target.ensemble, ensemble, names, recipe.ensemble.folds, console)
    write_calibration(target.ensemble / "calibration.json", calibrated, rows, recipe.calibration, console)
    write_answers(target, rows, answers)
    write_steps(target, steps)
    _write_identity(target, folders, names, submissions)
    if len(table.test):
        write_submission(target, table, answers.test)
    return steps


def parse_submissions(texts: Sequence[str]) -> dict[str | Path, float]:
    """`FILE=ACCURACY` texts as `combine` takes them.

    Raises:
        UserError: a text of another form.
    """
    found: dict[str | Path, float] = {}
    for text in texts:
        path, _, guess = text.rpartition("=")
        try:
            found[Path(path or text)] = float(guess)
        except ValueError as error:
            raise UserError(
                f"{text!r} is not of the form FILE=ACCURACY", "For example: --submission theirs.csv=0.91"
            ) from error
    return found


def _check(folders: Sequence[RunFolder], target: RunFolder, submissions: Mapping[str | Path, float]) -> None:
    if len(folders) + len(submissions) < 2 or not folders:
        raise UserError("an ensemble takes two runs or more, or a run and a submission")
    for folder in folders:
        run_recipe(folder)  # names a folder that is no run
    problems = [
        f"{path}: an accuracy lies between 0 and 1, and is {guess}"
        for path, guess in submissions.items()
        if not 0 <= guess <= 1
    ]
    problems += [f"{path} does not exist" for path in submissions if not Path(path).is_file()]
    if problems:
        raise UserError(problems)
    if target.path.is_dir() and any(target.path.iterdir()) and not (target.ensemble / "sources.json").is_file():
        raise UserError(f"{target.path} is not empty and holds no ensemble", "Choose another folder with --out.")


def _names(folders: Sequence[RunFolder]) -> list[str]:
    """Each run's folder name; the whole path where two share one."""
    short = [folder.path.resolve().name for folder in folders]
    return [name if short.count(name) == 1 else str(folder.path) for name, folder in zip(short, folders, strict=True)]


def _read(folder: RunFolder, name: str, split: str) -> Predictions:
    state = read_json(folder.state)
    label = pd.read_parquet(folder.folds)["label"].to_numpy(np.int64) if split == "oof" else None
    return load(folder.ensemble / f"{split}.npz", state["class_names"], state["table_id"], name, label)


def _tests(folders: Sequence[RunFolder], names: Sequence[str], table: Table) -> list[Floats]:
    if not len(table.test):
        return [np.zeros((0, table.class_count), dtype=np.float32) for _ in folders]
    found = aligned([_read(folder, name, "test") for folder, name in zip(folders, names, strict=True)])
    if len(found[0].row) != len(table.test):
        raise UserError(f"{names[0]} answers {len(found[0].row)} of {len(table.test)} test rows")
    return [_floats(part) for part in found]


def _floats(part: Predictions) -> Floats:
    return part.prob.astype(np.float32)


def _with_submissions(
    test: Floats, accuracy: float, submissions: Mapping[str | Path, float], table: Table, console: Console
) -> Floats:
    """The runs' answers averaged with others', weighted by accuracy."""
    others = [
        parse_external(Path(path).read_text(encoding="utf-8-sig"), table, guess, Path(path).name)
        for path, guess in submissions.items()
    ]
    weights = guessed_weights(np.array([accuracy, *submissions.values()]), table.class_count)
    for name, weight in zip(["the runs", *map(str, submissions)], weights, strict=True):
        console.line(f"  test answers: weight {weight:.2f} for {name}")
    console.line("  out-of-fold figures are those of the runs alone: a submission has no out-of-fold rows")
    return votes.mean([test, *others], weights).astype(np.float32)


def _write_identity(
    target: RunFolder,
    folders: Sequence[RunFolder],
    names: Sequence[str],
    submissions: Mapping[str | Path, float],
) -> None:
    """What makes the folder a run for whoever reads answers: state, recipe, folds; and what it was made of."""
    first = folders[0]
    state = read_json(first.state) | {"version": importlib.metadata.version("sketchfit")}
    for source, place in ((first.recipe, target.recipe), (first.folds, target.folds)):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(source.read_bytes())
    write_json(
        target.ensemble / "sources.json",
        {
            "runs": {name: str(folder.path.resolve()) for name, folder in zip(names, folders, strict=True)},
            "submissions": {str(path): guess for path, guess in submissions.items()},
        },
    )
    write_json(target.state, state)
