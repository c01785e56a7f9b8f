"""From trained networks to the run's answers: pseudo-labels → soups → views → refit → ensemble → calibration, each
scored out of fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.files import write_json, write_npz
from sketchfit.inference.oof import Answers, Rows, Step, Steps, estimate_json, read_rows
from sketchfit.runs.folder import RunFolder
from sketchfit.soups.stage import soup
from sketchfit.stages.calibrate import calibrate, write_calibration
from sketchfit.stages.combine import combine_folds, combine_members, write_ensemble
from sketchfit.stages.pseudo_label import pseudo_label, student_name
from sketchfit.stages.refit import refit, refit_name
from sketchfit.stages.train import FoldResult, Inputs
from sketchfit.stages.views import MemberAnswers, apply_views, member_rows, views_json
from sketchfit.tracking.console import Console
from sketchfit.training.engine import Engine


@dataclass(frozen=True)
class Finished:
    """A run's answers.

    Attributes:
        rows: the training rows with out-of-fold answers.
        answers: of them and of the test rows, after all steps.
        steps: what each step made of the accuracy.
        networks: folder of each member's networks, one a fold: the member's own, or its students where they were kept.
    """

    rows: Rows
    answers: Answers
    steps: Steps
    networks: Mapping[str, str]


def finish(
    run: RunFolder,
    recipe: Recipe,
    members: Mapping[str, Recipe],
    inputs: Mapping[str, Inputs],
    folds: Sequence[Fold],
    results: Mapping[str, Sequence[FoldResult]],
    engine: Engine,
    console: Console,
) -> Finished:
    """Make the answers of all members together and write `ensemble/`.

    Args:
        members: each member's recipe.
        folds: those that were trained.
        results: each member's, in the order of `folds`.
    """
    rows = read_rows(run.folds, reduce(np.intersect1d, [member_rows(found) for found in results.values()]))
    steps = Steps(rows)
    results, kept, tried = pseudo_label(run, recipe, members, inputs, folds, results, engine, console)
    for one in tried:
        outcome = "" if one.kept else ", dropped"
        steps.done.append(Step(f"pseudo-labels, round {one.number}{outcome}", one.after, one.gain))
    soups = soup(run, recipe, members, inputs, folds, kept, rows, engine, console)
    steps.done.extend(soups.steps())
    networks_of = names = {member: student_name(member, kept) for member in members}
    members, names, results = soups.standing(members, names, results)
    viewed = {
        member: apply_views(run, names[member], one, inputs[member], folds, results[member], rows, engine, console)
        for member, one in members.items()
    }
    _score_members(names, viewed, steps)
    viewed, names = soups.answering(run, members, inputs, viewed, names, engine, console)
    refits = {}
    if recipe.refit.enabled and inputs[next(iter(members))].table.test:
        refits = {
            member: refit(run, member, one, inputs[member], folds, viewed[member].views, engine, console)
            for member, one in members.items()
        }
    standing = {}
    for member, found in viewed.items():
        networks = [*found.test, *([refits[member]] if member in refits else [])]
        weights = [1.0] * len(found.test) + [recipe.refit.weight] * (member in refits)
        standing[member] = Answers(found.oof, combine_folds(networks, recipe.ensemble.folds, weights))
    ensemble = combine_members(standing, rows, recipe.ensemble, recipe.seed)
    if ensemble.comparison is not None:
        best = ensemble.comparison["best-member"] if "best-member" in recipe.ensemble.compare else None
        steps.add(f"ensemble: {ensemble.method}", ensemble.answers.oof, None if best is None else best.prob)
    calibrated = calibrate(ensemble.answers, rows, recipe.calibration)
    if recipe.calibration.method == "vector":  # a temperature leaves the order of classes as it is
        steps.add(f"calibration: {recipe.calibration.method}", calibrated.answers.oof, ensemble.answers.oof)
    if engine.is_main:
        folder = run.ensemble
        counted = {member: (refit_name(member), recipe.refit.weight) for member in refits}
        write_json(folder / "views.json", views_json(viewed, names, counted))
        write_ensemble(folder, ensemble, list(members), recipe.ensemble.folds, console)
        write_calibration(folder / "calibration.json", calibrated, rows, recipe.calibration, console)
        write_answers(run, rows, calibrated.answers)
        write_steps(run, steps)
    engine.wait()
    return Finished(rows, calibrated.answers, steps, networks_of)


def write_answers(run: RunFolder, rows: Rows, answers: Answers) -> None:
    """`ensemble/oof.npz` and, where there are test rows, `ensemble/test.npz`."""
    write_npz(run.ensemble / "oof.npz", {"row": rows.row, "prob": answers.oof})
    if len(answers.test):
        write_npz(run.ensemble / "test.npz", {"row": np.arange(len(answers.test)), "prob": answers.test})


def write_steps(run: RunFolder, steps: Steps) -> None:
    """`ensemble/steps.json`: each step's out-of-fold top-1 and its gain over what stood before."""
    write_json(
        run.ensemble / "steps.json",
        [
            {
                "name": step.name,
                "top1": estimate_json(step.top1),
                "gain": estimate_json(step.gain) if step.gain else None,
            }
            for step in steps.done
        ],
    )


def _score_members(names: Mapping[str, str], viewed: Mapping[str, MemberAnswers], steps: Steps) -> None:
    for member, found in viewed.items():
        steps.add(names[member], found.plain)
        if found.views is not None and len(found.views.names) > 1:
            steps.add(f"{names[member]} + {', '.join(found.views.names[1:])}", found.oof, found.plain)
