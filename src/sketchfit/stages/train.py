"""Training: every member on every fold."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import numpy as np

from sketchfit.inference.oof import rows_of
from sketchfit.runs.table import read_training_rows
from sketchfit.stages.context import RunContext, RunState
from sketchfit.training.bank_member import train_member
from sketchfit.training.fold import TrainedMember


def train(context: RunContext, state: RunState) -> RunState:
    """Train the members' networks; those on disk are read."""
    trained = {
        name: TrainedMember(
            member,
            name,
            state.folds,
            train_member(context, member, state.folds, state.group, context.dispatcher),
        )
        for name, member in state.members.items()
    }
    rows = reduce(np.intersect1d, [one.rows for one in trained.values()])
    known = rows_of(read_training_rows(context.run.folds), rows)
    return replace(state, trained=trained, sources=trained, rows=known)
