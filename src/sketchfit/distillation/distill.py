"""Distillation: the members' ensemble into one small student, which predicts alone where the ensemble is too slow.

The student is stored next to the run's probabilities and changes none of them.

Paper: "Distilling the Knowledge in a Neural Network", Hinton et al., arXiv 1503.02531.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import training_settings
from sketchfit.config.views import IDENTITY
from sketchfit.distillation.cost import TimedNetwork, measure_cost
from sketchfit.distillation.student import DistillationJob, student_unit
from sketchfit.inference import votes
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.inference.oof import Rows
from sketchfit.models.saved_network import load_network
from sketchfit.runs.artefacts import Cost, DistilledStudent, Step, Views, WithoutTeacher
from sketchfit.runs.fingerprint import digest
from sketchfit.runs.networks import NetworkFolder
from sketchfit.training.context import Member, RunContext
from sketchfit.training.fold import mean_oof, read_fold
from sketchfit.training.fold_result import FoldResult

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StudentScore:
    """What a student is worth, out of fold.

    Attributes:
        student, teacher: top-1 of the student and of its teacher, on the same rows.
        against_teacher: the student compared with its teacher.
        without_teacher: None where no member of the run has the student's settings.
    """

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
        UserError: a teacher has learnt from rows on which its student is validated, or from rows related to them.
    """
    results = context.executor.train([student_unit(context, job, fold) for fold in job.folds])
    score = _score(context, job, results, rows)
    context.engine.on_main(lambda: _finish(context, job, score))
    name = f"{job.student.name} alone, against its teacher"
    return Step(name=name, top1=score.student, gain=score.against_teacher)


def _score(context: RunContext, job: DistillationJob, results: Sequence[FoldResult], rows: Rows) -> StudentScore:
    teacher = votes.mean([one.oof_of(rows.row) for one in job.teachers]).astype(np.float32)
    right, right_teacher = rows.right(mean_oof(results)), rows.right(teacher)
    settings = _training_settings(job.recipe_without_teacher)
    same = [one.member for one in job.teachers if _training_settings(one.member.recipe) == settings]
    without_teacher = None
    if same:
        networks = [context.run.network(same[0].name, fold.number) for fold in job.folds]
        plain = rows.right(mean_oof(list(map(read_fold, networks))))
        gain = paired_difference(plain, right, rows.group)
        without_teacher = WithoutTeacher(member=same[0].name, top1=accuracy(plain, rows.group), gain=gain)
    return StudentScore(
        accuracy(right, rows.group),
        accuracy(right_teacher, rows.group),
        paired_difference(right_teacher, right, rows.group),
        without_teacher,
    )


def _training_settings(recipe: Recipe) -> dict[str, Any]:
    return training_settings(recipe.model_dump(mode="json"))


def _finish(context: RunContext, job: DistillationJob, score: StudentScore) -> None:
    """Measure the cost, unless it is known, and write and print what was found."""
    run, name = context.run, job.student.name
    folds = {str(fold.number): run.network(name, fold.number).done.fingerprint for fold in job.folds}
    views = Views.read(run.path)
    fingerprint = digest(folds, views.model_dump(mode="json")["members"], str(context.engine.device))
    known = DistilledStudent.find(run.path)
    timed = known is not None and known.fingerprint == fingerprint
    cost = known.cost if known is not None and timed else _measure_cost(context, job, views)
    _print(name, score, cost)
    run.write(
        DistilledStudent(
            fingerprint=fingerprint,
            folds=folds,
            folder=name,
            student=score.student,
            teacher=score.teacher,
            against_teacher=score.against_teacher,
            without_teacher=score.without_teacher,
            times_as_fast=round(cost.times_as_fast, 3),
            cost=cost,
            recipe=job.student.recipe.model_dump(mode="json"),
        )
    )


def _measure_cost(context: RunContext, job: DistillationJob, views: Views) -> Cost:
    """Measure the cost of the run's predictions of new images, and of the student's.

    Args:
        context: of the run.
        job: the student and its teachers.
        views: the networks and views that predict.
    """
    run = context.run

    def timed_network(networks: Sequence[NetworkFolder], member: Member, names: Sequence[str]) -> TimedNetwork:
        network = load_network(networks[0].path, member.recipe, context.table.class_count)
        network.model.to(context.engine.device)
        return TimedNetwork(network, member.recipe, member.train, tuple(names), len(networks))

    ensemble = []
    for one in job.teachers:
        found = views.members.get(one.member.name)
        if found is None:
            continue  # its networks are in a soup that has another member's name
        refit = [] if found.refit is None else [run.network(found.refit[0], 0)]
        ensemble.append(timed_network([*run.networks(found.folder), *refit], one.member, found.names))
    students = [run.network(job.student.name, fold.number) for fold in job.folds]
    student = timed_network(students, job.student, [IDENTITY])
    return measure_cost(ensemble, student, np.flatnonzero(job.student.train.readable), context.engine)


def _print(name: str, score: StudentScore, cost: Cost) -> None:
    log.info(f"{name}: {score.student}; its teacher, the members' plain mean, {score.teacher}")
    log.info(f"  against its teacher {score.against_teacher}")
    if score.without_teacher is not None:
        plain = score.without_teacher
        log.info(f"  the same network without a teacher ({plain.member}) {plain.top1}; with it {plain.gain}")
    log.info(f"  {cost}")
