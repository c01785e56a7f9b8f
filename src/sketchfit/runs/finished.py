"""Whether a run is finished, and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import keys_that_decide
from sketchfit.errors import RunError
from sketchfit.runs.artefacts import (
    Calibration,
    EnsembleWeights,
    EstimatedFrequencies,
    Finished,
    RunClock,
    RunPlan,
    Steps,
    Views,
)
from sketchfit.runs.fingerprint import digest
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.inputs import read_inputs
from sketchfit.runs.run import Run
from sketchfit.wording import counted, listed

LATER = "the stages after training are not done"

_NO_ANSWERS = ("distill", "report", "tracking")
"""Sections of the recipe on which no answer depends."""

_ANSWERS = (
    EnsembleWeights.PLACE,
    Views.PLACE,
    Calibration.PLACE,
    EstimatedFrequencies.PLACE,
    Steps.PLACE,
    "ensemble/oof.npz",
    "ensemble/test.npz",
    "folds.parquet",
)
"""Files without which commands would answer in another way, or not at all."""

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
        raise RunError(f"{path} is not finished: {lacks}", PARTIAL)
    return run, (f"{path} is not finished: {lacks}; {_used(run)}",)


def mark_finished(folder: RunFolder) -> None:
    """Write that a run is finished with its present settings and rows."""
    run = Run(folder)
    mark = Finished(
        recipe=answer_digest(run.recipe),
        inputs=_inputs_digest(folder),
        table_id=run.state.table_id,
        files=tuple(name for name in _ANSWERS if (folder.path / name).is_file()),
    )
    folder.write(mark)


def what_is_missing(run: Run) -> str:
    """Return what a run lacks, one clause; empty where it is finished.

    A run of a version that did not mark it is finished with its answers.
    """
    if run.kind == "ensemble":
        return "" if run.has("oof") else "its runs are not combined"
    mark = Finished.find(run.path)
    if (plan := run.plan) is not None:
        return _missing_of_plan(run, plan) or ("" if mark is None else _lost_or_changed(run, mark))
    if run.kind != "run":
        missing = _missing_networks(run, (0,))
        return _not_trained(missing) if run.kind == "fit" else "nothing is trained"
    if mark is None and not _is_of_this_version(run):
        return "" if run.has("oof") else LATER
    return _not_trained(_missing_networks(run, _wanted_folds(run))) or _stages_left(run, mark)


def _missing_of_plan(run: Run, plan: RunPlan) -> str:
    """A run with a deadline is finished at its end, or with an answer once its time is used up."""
    clock = RunClock.find(run.path)
    ended = clock is not None and clock.used >= plan.seconds and bool(plan.answers)
    if plan.finished_at is not None or (ended and run.has("oof")):
        return ""
    done = sum(unit.status == "done" for unit in plan.units)
    used = 0.0 if clock is None else clock.used
    return f"{used:,.0f} of its {plan.seconds:,.0f} s are used, and {counted(done, 'unit')} of its plan done"


def _is_of_this_version(run: Run) -> bool:
    """Return whether any network was trained by a version that marks finished runs, or none is trained."""
    networks = [one for found in run.trained.values() for one in found]
    return (not networks and not run.has("oof")) or any(one.done.test for one in networks)


def _wanted_folds(run: Run) -> tuple[int, ...]:
    if not run.folder.folds.is_file():
        return (0,)
    count = sum(int(folds.max(initial=-1)) + 1 for folds in run.rows.folds)
    return run.recipe.folds.train or tuple(range(count))


def _missing_networks(run: Run, folds: tuple[int, ...]) -> list[str]:
    """Return the names of the members' networks that are not trained."""
    names = [(member, fold) for member in run.members for fold in folds]
    return [f"{member}/fold{fold}" for member, fold in names if not run.folder.network(member, fold).is_done()]


def _not_trained(missing: list[str]) -> str:
    return f"{listed(missing, 5)} {'is' if len(missing) == 1 else 'are'} not trained" if missing else ""


def _stages_left(run: Run, mark: Finished | None) -> str:
    """Return what is not done after training."""
    if mark is None:
        return LATER
    if mark.recipe != answer_digest(run.recipe):
        return "its settings have changed since its predictions were computed"
    return _lost_or_changed(run, mark)


def _lost_or_changed(run: Run, mark: Finished) -> str:
    if lost := [name for name in mark.files if not (run.path / name).is_file()]:
        return f"{listed(lost)} {'is' if len(lost) == 1 else 'are'} missing"
    same = (mark.inputs, mark.table_id) == (_inputs_digest(run.folder), run.state.table_id)
    return "" if same else "its tables or images have changed since its predictions were computed"


def answer_digest(recipe: Recipe) -> str:
    """Return the digest of the settings that decide the answers, as far as they differ from the defaults.

    Those of the student, the report and the trackers do not, and new settings of a later version do not change it.
    """
    settings = recipe.model_dump(mode="json", exclude_defaults=True, exclude=set(_NO_ANSWERS))
    free = keys_that_decide("nothing")
    return digest(sorted((key, value) for key, value in _flat(settings).items() if key not in free))


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        key = f"{prefix}{name}"
        found |= _flat(value, f"{key}.") if isinstance(value, Mapping) and value else {key: value}
    return found


def _inputs_digest(folder: RunFolder) -> str:
    """Return the digest of the rows, not of the file, which other versions of its library write in another way."""
    rows = read_inputs(folder.inputs)
    return "" if rows is None else digest([(one.paths, one.labels, one.content.tolist()) for one in rows])


def _used(run: Run) -> str:
    """Return which networks there are."""
    parts = [
        f"{name} ({'fold' if len(found) == 1 else 'folds'} {listed([one.fold for one in found], 20)})"
        for name, found in run.trained.items()
    ]
    return f"used are the networks of {listed(parts)}" if parts else "no network is trained"
