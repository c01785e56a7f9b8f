"""Distillation: the members' ensemble into one small student, which predicts alone where the ensemble is too slow.

The student is stored next to the run's probabilities and changes none of them.

Paper: "Distilling the Knowledge in a Neural Network", Hinton et al., arXiv 1503.02531.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import training_settings
from sketchfit.distillation.cost import Cost, TimedNetwork, measure_cost
from sketchfit.distillation.student import DistillationJob, train_student
from sketchfit.files import read_json, write_json
from sketchfit.inference import votes
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.inference.oof import Rows, Step, estimate_json
from sketchfit.inference.tta import IDENTITY
from sketchfit.models.saved_network import load_network
from sketchfit.runs.fingerprint import digest
from sketchfit.training.context import Member, RunContext
from sketchfit.training.fold import FoldResult, mean_oof, read_fold

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WithoutTeacher:
    """The member with the student's settings, its out-of-fold top-1, and the student's gain over it."""

    member: str
    top1: Estimate
    gain: Difference


@dataclass(frozen=True)
class StudentScore:
    """What a student is worth, out of fold.

    Attributes:
        name: of the folder of its networks.
        student, teacher: top-1 of the student and of its teacher, on the same rows.
        against_teacher: the student compared with its teacher.
        without_teacher: None where no member of the run has the student's settings.
    """

    name: str
    student: Estimate
    teacher: Estimate
    against_teacher: Difference
    without_teacher: WithoutTeacher | None


def distill(context: RunContext, job: DistillationJob, rows: Rows) -> Step:
    """Train one student per fold, unless that is done, and write `ensemble/distilled.json`.

    Args:
        context: of the run.
        job: the student and its teachers.
        rows: all rows that they validate.

    Raises:
        UserError: a teacher has learnt from rows on which its student is validated, or from near-duplicates of them.
    """
    results = [train_student(context, job, fold) for fold in job.folds]
    score = _score(context, job, results, rows)
    context.engine.on_main(lambda: _finish(context, job, score))
    return Step(f"{score.name} alone, against its teacher", score.student, score.against_teacher)


def _score(context: RunContext, job: DistillationJob, results: Sequence[FoldResult], rows: Rows) -> StudentScore:
    teacher = votes.mean([one.oof for one in job.teachers]).astype(np.float32)
    right, right_teacher = rows.right(mean_oof(results)), rows.right(teacher)
    settings = _training_settings(job.recipe_without_teacher)
    same = [one.member for one in job.teachers if _training_settings(one.member.recipe) == settings]
    without_teacher = None
    if same:
        folders = [context.run.fold(same[0].name, fold.number) for fold in job.folds]
        plain = rows.right(mean_oof([read_fold(folder) for folder in folders]))
        gain = paired_difference(plain, right, rows.group)
        without_teacher = WithoutTeacher(same[0].name, accuracy(plain, rows.group), gain)
    return StudentScore(
        job.student.name,
        accuracy(right, rows.group),
        accuracy(right_teacher, rows.group),
        paired_difference(right_teacher, right, rows.group),
        without_teacher,
    )


def _training_settings(recipe: Recipe) -> dict[str, Any]:
    return training_settings(recipe.model_dump(mode="json"))


def _finish(context: RunContext, job: DistillationJob, score: StudentScore) -> None:
    """Measure the cost, unless it is known, and write and print what was found."""
    run, path = context.run, context.run.ensemble / "distilled.json"
    folds = {
        str(fold.number): read_json(run.fold(score.name, fold.number) / "done.json")["fingerprint"]
        for fold in job.folds
    }
    views = read_json(run.ensemble / "views.json")
    fingerprint = digest(folds, views, str(context.engine.device))
    cost = _known_cost(path, fingerprint) or _measure_cost(context, job, views)
    _print(score, cost)
    write_json(path, {"fingerprint": fingerprint, "folds": folds, **_json(score, job.student.recipe, cost)})


def _known_cost(path: Path, fingerprint: str) -> Cost | None:
    if not path.is_file() or (written := read_json(path))["fingerprint"] != fingerprint:
        return None
    figures = {name: written["cost"][name] for name in Cost.__dataclass_fields__}
    rates = {name: tuple(figures[name]) for name in ("ensemble_rates", "student_rates")}
    return Cost(**{**figures, **rates})


def _measure_cost(context: RunContext, job: DistillationJob, views: Mapping[str, Any]) -> Cost:
    """Measure the cost of the run's predictions of new images, and of the student's.

    Args:
        context: of the run.
        job: the student and its teachers.
        views: content of `ensemble/views.json`: the networks and views that predict.
    """
    run = context.run

    def timed_network(folders: Sequence[Path], member: Member, names: Sequence[str]) -> TimedNetwork:
        network = load_network(folders[0], member.recipe, context.table.class_count)
        network.model.to(context.engine.device)
        return TimedNetwork(network, member.recipe, member.train, tuple(names), len(folders))

    ensemble = []
    for one in job.teachers:
        found = views.get(one.member.name)
        if found is None:
            continue  # its networks are in a soup that has another member's name
        folders = sorted(done.parent for done in run.fold(found["folder"], 0).parent.glob("fold*/done.json"))
        refit = [] if found["refit"] is None else [run.fold(found["refit"][0], 0)]
        ensemble.append(timed_network([*folders, *refit], one.member, found["names"]))
    students = [run.fold(job.student.name, fold.number) for fold in job.folds]
    student = timed_network(students, job.student, [IDENTITY])
    return measure_cost(ensemble, student, np.flatnonzero(job.student.train.readable), context.engine)


def _print(score: StudentScore, cost: Cost) -> None:
    log.info(f"{score.name}: {score.student}; its teacher, the members' plain mean, {score.teacher}")
    log.info(f"  against its teacher {score.against_teacher}")
    if score.without_teacher is not None:
        plain = score.without_teacher
        log.info(f"  the same network without a teacher ({plain.member}) {plain.top1}; with it {plain.gain}")
    log.info(f"  {cost}")


def _json(score: StudentScore, recipe: Recipe, cost: Cost) -> dict[str, Any]:
    plain = score.without_teacher
    return {
        "folder": score.name,
        "student": estimate_json(score.student),
        "teacher": estimate_json(score.teacher),
        "against_teacher": estimate_json(score.against_teacher),
        "without_teacher": None
        if plain is None
        else {"member": plain.member, "top1": estimate_json(plain.top1), "gain": estimate_json(plain.gain)},
        "times_as_fast": round(cost.times_as_fast, 3),
        "cost": asdict(cost),
        "recipe": recipe.model_dump(mode="json"),
    }
