"""The submission: `submission.csv` in the format of the sample."""

from __future__ import annotations

from sketchfit.data.table import Table
from sketchfit.files import write_text
from sketchfit.inference.oof import Floats
from sketchfit.inference.submission_text import submission_form, submission_text
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.context import RunContext, RunState, made


def submit(context: RunContext, state: RunState) -> RunState:
    """Write the submission, where there are test rows."""
    if len(context.table.test):
        prob = made(state.calibrated).predictions.test
        context.engine.on_main(lambda: write_submission(context.run, context.table, prob))
    return state


def write_submission(run: RunFolder, table: Table, prob: Floats) -> None:
    """Write the predictions of every test row in the form of the sample to `submission.csv`; `prob` is [N_test, C]."""
    write_text(run.submission, submission_text(table, prob), submission_form(table).encoding)
