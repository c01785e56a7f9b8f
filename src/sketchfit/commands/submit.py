"""The submission of a run: written last, checked against the sample, with probabilities where they are wanted."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import yaml

from sketchfit.config.load import parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.data.table import Table, fingerprint
from sketchfit.errors import UserError
from sketchfit.files import read_json, write_text
from sketchfit.inference.oof import Floats
from sketchfit.inference.predictions import load
from sketchfit.inference.submission import check_submission, expected_rows, submission_text
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.tables import load_table


def submit(run: str | Path, *, probabilities: str | Path | None = None) -> Path:
    """Write a run's submission anew from its test probabilities.

    Args:
        run: a run's folder.
        probabilities: CSV to write beside it: the sample's key columns and a column a class.

    Returns:
        The submission's path.

    Raises:
        UserError: no finished run, its tables have changed, or there are no test rows.
    """
    folder = RunFolder(Path(run))
    table = run_table(folder)
    state = read_json(folder.state)
    test = load(folder.ensemble / "test.npz", state["class_names"], state["table_id"])
    write_submission(folder, table, test.prob)
    if probabilities is not None:
        write_text(Path(probabilities), probabilities_text(table, test.prob))
    return folder.submission


def check(run: str | Path, submission: str | Path | None = None) -> list[str]:
    """What is wrong with a submission for the tables of a run; empty if it can be handed in.

    Args:
        run: a run's folder.
        submission: any CSV; the run's own by default.
    """
    folder = RunFolder(Path(run))
    return check_submission(folder.submission if submission is None else Path(submission), run_table(folder))


def write_submission(run: RunFolder, table: Table, prob: Floats) -> None:
    """`submission.csv` in the sample's format: the most probable class of every test row; prob is [N_test, C]."""
    encoding = table.submission.encoding if table.submission else "utf-8"
    write_text(run.submission, submission_text(table, prob), encoding)


def probabilities_text(table: Table, prob: Floats) -> str:
    """CSV of the sample's key columns and one column a class, named as the class; prob is [N_test, C]."""
    columns, keys, rows = expected_rows(table)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns[:-1], *table.class_names])
    writer.writerows([*key, *(f"{p:.7g}" for p in prob[row])] for key, row in zip(keys, rows, strict=True))
    return text.getvalue()


def run_recipe(folder: RunFolder) -> Recipe:
    """The recipe of a run.

    Raises:
        UserError: there is no run.
    """
    if not folder.state.is_file() or not folder.recipe.is_file():
        raise UserError(f"{folder.path} holds no run", "Give the folder that `sketchfit run` wrote.")
    return parse_recipe(yaml.safe_load(folder.recipe.read_text(encoding="utf-8")), str(folder.recipe))


def run_table(folder: RunFolder) -> Table:
    """The tables that a run was made on, read again from where they lay.

    Raises:
        UserError: no run, no tables there any more, or other ones.
    """
    recipe = run_recipe(folder)
    state = read_json(folder.state)
    table = load_table(Path(state["source"]), recipe, with_folds=False)
    if fingerprint(table) != state["table_id"]:
        raise UserError(f"the tables in {state['source']} have changed since {folder.path} was made")
    return table
