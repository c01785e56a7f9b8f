"""Training of distilled students: one per fold, from the teacher's probabilities of the training rows.

The teacher of fold k's student is the plain mean of the members' networks of fold k. No weight, view or calibration
that was chosen on fold k's labels is used, and the rows that the networks have learnt from are checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.data.joined_stores import join_stores
from sketchfit.inference import votes
from sketchfit.inference.oof import Floats
from sketchfit.inference.predictor import Predictor
from sketchfit.inference.pseudo_labels import Teacher, check_teacher
from sketchfit.models.saved_network import load_network
from sketchfit.runs.arrays import find_npz, read_npz, write_npz
from sketchfit.runs.artefacts.relations import NEAR_DUPLICATE
from sketchfit.runs.fingerprint import digest
from sketchfit.training.context import Member, RunContext, TrainingUnit
from sketchfit.training.fold import FoldTraining, TrainedMember, fold_job, read_fold, train_once
from sketchfit.training.fold_identity import fold_fingerprint
from sketchfit.training.fold_result import FoldResult
from sketchfit.training.job import FitJob, SoftTargets, TeacherTargets


@dataclass(frozen=True)
class DistillationJob:
    """A student and its teachers.

    Attributes:
        student: its name is that of the folder of its networks; its images may have another size than any member's.
        recipe_without_teacher: the student's recipe without the teacher's part of the loss.
        teachers: all members; the mean of their probabilities is the teacher.
        folds: those that were trained.
        group: int64 [N], related rows share a number; None where it is not known.
        relation: what relates them, as in `folds.group`; empty: it is not known.
        test_rows: train on the readable test rows too, on the teacher's probabilities alone.
    """

    student: Member
    recipe_without_teacher: Recipe
    teachers: Sequence[TrainedMember]
    folds: Sequence[Fold]
    group: NDArray[np.int64] | None = None
    relation: str = NEAR_DUPLICATE
    test_rows: bool = False

    def __getstate__(self) -> dict[str, Any]:
        """Return what a training elsewhere needs: not the teachers, whose probabilities are in the student's folder."""
        return vars(self) | {"teachers": ()}


def distilled_name(student: str) -> str:
    """Return the name of the folder of a student's networks."""
    return f"{student}+distilled"


def student_unit(context: RunContext, job: DistillationJob, fold: Fold) -> TrainingUnit:
    """Return the unit that trains the student of a fold.

    Raises:
        UserError: a teacher has learnt from rows on which the student is validated, or from rows related to them.
    """
    student, networks = job.student, [context.run.network(one.folder, fold.number) for one in job.teachers]
    teachers = [Teacher(f"{one.folder}/fold{fold.number}", fold.train) for one in job.teachers]
    check_teacher(teachers, fold.number, fold.held_out(len(context.table.label)), job.group, job.relation)
    teacher_fingerprints = [one.done.fingerprint for one in networks]
    own_fingerprint = fold_fingerprint(student, context.table, fold)
    fingerprint = digest(own_fingerprint, teacher_fingerprints, job.test_rows)
    note = f", by {len(networks)} teachers"
    return TrainingUnit(
        context,
        student.name,
        fold.number,
        partial(_train_student, job=job, fold=fold, fingerprint=fingerprint, note=note),
        fingerprint,
        partial(_teacher_probabilities, context, job, fold, fingerprint),
    )


def _train_student(context: RunContext, job: DistillationJob, fold: Fold, fingerprint: str, note: str) -> FoldResult:
    """Train the student of a fold and write its probabilities; read them where that was done before."""
    training = FoldTraining(
        job.student, fold, fingerprint, lambda: _student_job(context, job, fold, fingerprint), note=note
    )
    return train_once(context, training)


def _student_job(context: RunContext, job: DistillationJob, fold: Fold, fingerprint: str) -> FitJob:
    """Return the training of a fold's student, with the teacher's probabilities of all its rows."""
    student, label = job.student, context.table.label
    readable = _test_rows(job)
    train, test = _teacher_probabilities(context, job, fold, fingerprint)
    if not len(readable):
        teacher = TeacherTargets(fold.train, np.concatenate([train, test]))
        return fold_job(context, student, fold, fingerprint, teacher=teacher)
    test_rows = len(label) + readable
    train_rows = np.concatenate([fold.train, test_rows])
    labels = np.concatenate([label, np.zeros(len(student.test.errors), dtype=np.int64)])
    labels[test_rows] = test.argmax(axis=1)
    return fold_job(
        context,
        student,
        fold,
        fingerprint,
        store=join_stores(student.train, student.test),
        label=labels,
        train_rows=train_rows,
        # Test rows have no label: the label's part of the loss takes the teacher's probabilities for them.
        soft=SoftTargets(test_rows, test, np.ones(len(readable), np.float32)),
        teacher=TeacherTargets(train_rows, np.concatenate([train, test])),
    )


def _test_rows(job: DistillationJob) -> NDArray[np.int64]:
    """Return the test rows on which the student is trained."""
    return np.flatnonzero(job.student.test.readable) if job.test_rows else np.arange(0)


def _teacher_probabilities(
    context: RunContext, job: DistillationJob, fold: Fold, fingerprint: str
) -> tuple[Floats, Floats]:
    """Return the teacher's probabilities float32 of the training rows [n, C] and of the readable test rows [m, C].

    They stay on disk until the student is done: a student that was interrupted continues with the same ones.
    """
    path = context.run.fold(job.student.name, fold.number) / "teacher.npz"

    def write() -> None:
        known = find_npz(path)
        if known is not None and known["fingerprint"].item() == fingerprint:
            return
        train = votes.mean(_predict_train_rows(context, job, fold))
        results = [read_fold(context.run.network(one.folder, fold.number)) for one in job.teachers]
        test = votes.mean([result.test[_test_rows(job)] for result in results])
        arrays = {"train": train.astype(np.float32), "test": test.astype(np.float32)}
        write_npz(path, {"fingerprint": np.array(fingerprint), **arrays})

    context.engine.on_main(write)
    arrays = read_npz(path)
    return arrays["train"], arrays["test"]


def _predict_train_rows(context: RunContext, job: DistillationJob, fold: Fold) -> list[Floats]:
    """Return each teacher's probabilities of the fold's training rows, float32 [n, C]."""
    found = []
    title = f"{job.student.name}/fold{fold.number}: predicting by the teachers"
    with context.console.bar(title, len(job.teachers)) as advance:
        for number, one in enumerate(job.teachers, 1):
            folder = context.run.fold(one.folder, fold.number)
            network = load_network(folder, one.member.recipe, context.table.class_count)
            predictor = Predictor.of(network, one.member.recipe, context.engine.device)
            found.append(predictor.probabilities(one.member.train, fold.train))
            advance(number, "")
    return found
