"""Whether a run is finished, and what it lacks."""

from __future__ import annotations

from pathlib import Path

from sketchfit.errors import UserError
from sketchfit.runs.artefacts import Finished, RunClock, RunPlan
from sketchfit.runs.fingerprint import file_digest
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.run import Run
from sketchfit.wording import counted, listed

PARTIAL = "Let the same command finish it, or use what there is with --partial."


def open_finished(path: str | Path, *, partial: bool = False) -> tuple[Run, tuple[str, ...]]:
    """Open a run's folder that is finished.

    Args:
        path: the folder.
        partial: also open one that is not finished.

    Returns:
        The run, and what it lacks: one note where it is not finished.

    Raises:
        UserError: there is no run, or it is not finished; what it lacks is named.
    """
    run = Run.open(path)
    if not (lacks := what_is_missing(run)):
        return run, ()
    if not partial:
        raise UserError(f"{path} is not finished: {lacks}", PARTIAL)
    return run, (f"{path} is not finished: {lacks}; {_used(run)}",)


def mark_finished(folder: RunFolder) -> None:
    """Write that a run is finished with its present settings and rows."""
    folder.write(_digests(folder))


def what_is_missing(run: Run) -> str:
    """Return what a run lacks, one clause; empty where it is finished.

    A run of a version that did not mark it is finished with its answers.
    """
    if run.kind == "ensemble":
        return "" if run.has("oof") else "its runs are not combined"
    if (plan := run.plan) is not None:
        return _missing_of_plan(run, plan)
    if missing := _missing_networks(run):
        return f"{listed(missing, 5)} {'is' if len(missing) == 1 else 'are'} not trained"
    if run.kind == "fit":
        return ""
    if run.folder.inputs.is_file():
        return "" if _is_marked(run) else "the stages after training are not done for its settings and rows"
    return "" if run.has("oof") else "the stages after training are not done"


def _missing_of_plan(run: Run, plan: RunPlan) -> str:
    """A run with a deadline is finished at its end, or with an answer once its time is used up."""
    clock = RunClock.find(run.path)
    ended = clock is not None and clock.used >= plan.seconds and bool(plan.answers)
    if plan.finished_at is not None or (ended and run.has("oof")):
        return ""
    done = sum(unit.status == "done" for unit in plan.units)
    used = 0.0 if clock is None else clock.used
    return f"{used:,.0f} of its {plan.seconds:,.0f} s are used, and {counted(done, 'unit')} of its plan done"


def _missing_networks(run: Run) -> list[str]:
    """Return the names of the members' networks that are not trained; those of old runs are not searched."""
    if run.kind == "fit":
        wanted: tuple[int, ...] = (0,)
    elif run.kind is None or not run.folder.folds.is_file():
        return [f"the member {name}" for name in run.members]
    elif not run.folder.inputs.is_file():
        return []
    else:
        count = sum(int(folds.max(initial=-1)) + 1 for folds in run.rows.folds)
        wanted = run.recipe.folds.train or tuple(range(count))
    return [
        f"{name}/fold{number}" for name in run.members for number in wanted if not _is_done(run.folder, name, number)
    ]


def _is_done(folder: RunFolder, member: str, fold: int) -> bool:
    return folder.network(member, fold).is_done()


def _is_marked(run: Run) -> bool:
    found = Finished.find(run.path)
    return found is not None and found.model_copy(update={"version": 1}) == _digests(run.folder)


def _digests(folder: RunFolder) -> Finished:
    table_id = Run(folder).state.table_id
    return Finished(recipe=file_digest(folder.recipe), inputs=file_digest(folder.inputs), table_id=table_id)


def _used(run: Run) -> str:
    """Return which networks there are."""
    parts = [
        f"{name} ({'fold' if len(found) == 1 else 'folds'} {listed([one.fold for one in found], 20)})"
        for name, found in run.trained.items()
    ]
    return f"used are the networks of {listed(parts)}" if parts else "no network is trained"
