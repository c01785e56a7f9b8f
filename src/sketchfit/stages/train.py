"""Training: every member on every fold; of a run with a deadline, the networks that it has."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.folds import Fold
from sketchfit.errors import RunError
from sketchfit.inference.oof import rows_of
from sketchfit.runs.artefacts import RunPlan
from sketchfit.runs.table import read_training_rows
from sketchfit.stages.context import Member, RunContext, RunState
from sketchfit.stages.split import scored_folds
from sketchfit.training.bank_member import train_members
from sketchfit.training.fold import TrainedMember, read_fold
from sketchfit.training.fold_result import FoldResult
from sketchfit.training.test_answers import answer_again

log = logging.getLogger(__name__)


def train(context: RunContext, state: RunState) -> RunState:
    """Train the members' networks; those on disk are read.

    The networks of a run with a deadline have epochs and folds of its plan, not of its recipe, so they are only read.
    """
    plan = RunPlan.find(context.run.path)
    if plan is not None:
        return read_planned(context, state, plan)
    members = list(state.members.values())
    results = train_members(context, members, state.folds, state.group, context.dispatcher)
    trained = {
        member.name: TrainedMember(member, member.name, state.folds, found)
        for member, found in zip(members, results, strict=True)
    }
    return _with_networks(context, replace(state, trained=trained, folds=scored_folds(state.folds, context.recipe)))


def _with_networks(context: RunContext, state: RunState) -> RunState:
    """Return the state with the rows of its folds that all networks validate."""
    of_folds = np.unique(np.concatenate([fold.valid for fold in state.folds]))
    rows = reduce(np.intersect1d, [one.rows for one in state.trained.values()], of_folds)
    known = rows_of(read_training_rows(context.run.folds), rows)
    return replace(state, sources=state.trained, rows=known)


def read_planned(context: RunContext, state: RunState, plan: RunPlan) -> RunState:
    """Return the state with the finished networks of a plan, and with the folds of which all members have one.

    Members are left out until the others have folds in common, on whose rows they can be combined.

    Raises:
        UserError: there is none.
    """
    done: dict[str, set[int | None]] = {}
    for unit in plan.units:
        if unit.status == "done":
            done.setdefault(unit.member, set()).add(unit.fold)
    trained = {}
    for name, member in state.members.items():
        numbers = done.get(name, set())
        folds = tuple(fold for fold in state.folds if None in numbers or fold.number in numbers)
        if folds:
            results = tuple(_read_current(context, member, fold) for fold in folds)
            trained[name] = TrainedMember(member, name, folds, results)
    if not trained:
        raise RunError(f"{context.run.path} has no finished network yet", "Continue it first: run --time with --out.")
    trained, common = _combinable(trained, state)
    members = {name: one.member for name, one in trained.items()}
    return _with_networks(context, replace(state, members=members, trained=trained, folds=common))


def _combinable(
    trained: Mapping[str, TrainedMember], state: RunState
) -> tuple[dict[str, TrainedMember], tuple[Fold, ...]]:
    """Return the members that can be combined, and the folds that they have in common.

    What combines them is fitted on some groups of rows and scored on others, so it takes two groups. The member with
    the fewest folds is left out first, of several the last one.
    """
    left = dict(trained)
    while not _has_two_groups(common := _common_folds(left, state.folds), state.group) and len(left) > 1:
        name = min(reversed(left), key=lambda one: len(left[one].folds))
        log.info(f"{name} is left out for now: its folds and those of the others have too few rows in common")
        del left[name]
    return left, common


def _common_folds(trained: Mapping[str, TrainedMember], folds: Sequence[Fold]) -> tuple[Fold, ...]:
    """Return the folds of which all members have a network."""
    everywhere = set.intersection(*({fold.number for fold in one.folds} for one in trained.values()))
    return tuple(fold for fold in folds if fold.number in everywhere)


def _has_two_groups(folds: Sequence[Fold], group: NDArray[np.int64] | None) -> bool:
    rows = np.unique(np.concatenate([fold.valid for fold in folds])) if folds else np.zeros(0, np.int64)
    return len(np.unique(rows if group is None else group[rows])) > 1


def _read_current(context: RunContext, member: Member, fold: Fold) -> FoldResult:
    """Read the probabilities of a finished network; those of test rows that have changed are computed first."""
    folder = context.run.network(member.name, fold.number)
    if context.engine.from_main(float(folder.done.test not in ("", member.test.folder.name))):
        context.engine.on_main(lambda: answer_again(context, member, fold))
    return read_fold(folder)
