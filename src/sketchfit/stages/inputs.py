"""Whether the rows of a run are still those that its networks were trained on: images, labels and groups."""

from __future__ import annotations

import logging

from sketchfit.errors import RunError
from sketchfit.runs.create import ELSEWHERE
from sketchfit.runs.inputs import InputRows, read_inputs, write_inputs
from sketchfit.runs.state import State
from sketchfit.stages.context import RunContext
from sketchfit.wording import counted, listed

log = logging.getLogger(__name__)

SHOWN = 10
"""Changed rows that are named."""

_BETWEEN = chr(31)


def input_rows(context: RunContext) -> tuple[InputRows, InputRows]:
    """Return the training and the test rows of the tables, with the present content of their images."""
    table, count = context.table, len(context.table.train)
    labels = [table.class_labels[number] for number in table.label]
    further = [table.columns[name].tolist() for name in _deciding_columns(context)]
    texts = tuple(_BETWEEN.join(map(str, cells)) for cells in zip(labels, *further, strict=True))
    train = InputRows(table.train.paths, texts, context.row_ids[:count])
    return train, InputRows(table.test.paths, ("",) * len(table.test), context.row_ids[count:])


def check_inputs(context: RunContext) -> bool:
    """Compare the rows of a run that has trained networks with those that they were trained on.

    Changed test rows are noted: networks predict them again and are not trained again.

    Returns:
        Whether the training rows are known to be the same.

    Raises:
        UserError: training rows have changed; the first are named.
    """
    run, table = context.run, context.table
    known = read_inputs(run.inputs) if run.has_training() else None
    if known is None:
        return False
    state, (train, test) = State.find(run.path), input_rows(context)
    if changed := known[0].changes(train):
        raise RunError(
            [
                f"{counted(len(changed), 'training row')} changed since {run.path} was trained",
                *changed[:SHOWN],
                *([f"and {len(changed) - SHOWN:,} more"] if len(changed) > SHOWN else []),
            ],
            ELSEWHERE,
        )
    # Without a state, which may have been damaged, each network still knows the names of its classes.
    if state and (state.class_names, state.class_labels) != (table.class_names, table.class_labels):
        raise RunError(f"{run.path} was trained on classes of other names or in another order", ELSEWHERE)
    if changed := known[1].changes(test):
        log.info(
            f"note: {counted(len(changed), 'test row')} changed since {run.path} was made: {listed(changed, SHOWN)}; "
            "test rows are predicted again, and finished networks stay as they are"
            + (", but for students, which may learn from test rows" if _has_students(context) else "")
        )
    return True


def keep_inputs(context: RunContext) -> None:
    """Write the rows that the run is made on, unless they are there."""
    rows, place = input_rows(context), context.run.inputs
    if read_inputs(place) != rows:
        write_inputs(place, *rows)


def _has_students(context: RunContext) -> bool:
    return context.recipe.pseudo_label.enabled or context.recipe.distill.enabled


def _deciding_columns(context: RunContext) -> list[str]:
    """Return the columns of the training table that may decide the folds."""
    section, columns = context.recipe.folds, context.table.columns
    if section.column is not None:
        return [section.column] if section.column in columns else []
    return [name for name in columns if section.group == "auto" or name in section.group]
