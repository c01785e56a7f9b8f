"""Pseudo-labels: each fold's student also learns from test rows of which the same fold's networks are sure.

The teachers of fold k's student are the members' networks of fold k, averaged with equal weights. No weight, view or
calibration that was chosen on fold k's labels is used, and the rows that the teachers have learnt from are checked.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.overrides import merge
from sketchfit.config.parse import parse_recipe
from sketchfit.config.pseudo_label import PseudoLabelSection
from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.data.joined_stores import join_stores
from sketchfit.data.store import Store
from sketchfit.inference import votes
from sketchfit.inference.choices import measured_choice
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.inference.oof import Floats, Rows
from sketchfit.inference.pseudo_labels import (
    PseudoLabels,
    Rules,
    Teacher,
    align,
    check_teacher,
    expected_accuracy,
    select,
)
from sketchfit.inference.unreadable import class_prior
from sketchfit.runs.artefacts import MeasuredChoice, PseudoLabelRound, PseudoLabelRounds, Step
from sketchfit.runs.artefacts.relations import NEAR_DUPLICATE
from sketchfit.runs.fingerprint import digest
from sketchfit.soups.candidates import student_name
from sketchfit.stages.context import Member, RunContext, RunState
from sketchfit.training.context import TrainingUnit
from sketchfit.training.fold import FoldTraining, TrainedMember, fold_job, train_once
from sketchfit.training.fold_identity import fold_fingerprint
from sketchfit.training.fold_result import FoldResult
from sketchfit.training.job import SoftTargets

log = logging.getLogger(__name__)

Trained = Mapping[str, TrainedMember]


def pseudo_label(context: RunContext, state: RunState) -> RunState:
    """Train students round by round, as long as they are better out of fold than their teachers."""
    trained, rounds, section = state.trained, list[PseudoLabelRound](), context.recipe.pseudo_label
    if not any(len(one.results[0].test) for one in trained.values()):
        return state
    for number in range(1, section.rounds + 1):
        labels = [_fold_labels(context, trained, place, state) for place in range(len(state.folds))]
        students = _train_students(context, state, number, labels)
        rounds.append(_score(number, labels, trained, students, state.rows, section))
        _print(rounds[-1])
        if not rounds[-1].kept:
            break
        trained = students
    kept = sum(one.kept for one in rounds)
    record = PseudoLabelRounds(kept=kept, rounds=tuple(rounds))
    context.engine.on_main(lambda: context.run.write(record))
    steps = [
        Step(name=f"pseudo-labels, round {one.number}{'' if one.kept else ', dropped'}", top1=one.after, gain=one.gain)
        for one in rounds
    ]
    choices = (*state.choices, *(_choice(one.number, one.gain, one.before, section) for one in rounds))
    found = replace(state, trained=trained, sources=trained, rounds=tuple(rounds))
    return replace(found, steps=(*state.steps, *steps), choices=choices)


def choose_labels(
    context: RunContext,
    teachers: Sequence[tuple[Teacher, Floats]],
    fold: Fold,
    test: Store,
    group: NDArray[np.int64] | None,
    relation: str = NEAR_DUPLICATE,
) -> PseudoLabels:
    """Return the pseudo-labels of a fold's student; `row` is a row of the test table.

    Args:
        context: of the run.
        teachers: each with its probabilities of all test rows, [N_test, C].
        fold: of the student.
        test: images of the test table.
        group: int64 [N], related rows share a number, or None.
        relation: what relates them, as in `folds.group`; empty: it is not known.

    Raises:
        UserError: a teacher has learnt from rows on which the student is validated, or from rows related to them.
    """
    table, section = context.table, context.recipe.pseudo_label
    held_out = fold.held_out(len(table.label))
    check_teacher([teacher for teacher, _ in teachers], fold.number, held_out, group, relation)
    readable = np.flatnonzero(test.readable)
    prior = class_prior(table.label[fold.train], table.class_count)
    probs = [align(prob[readable], prior) if section.align else prob[readable] for _, prob in teachers]
    found = select(probs, _rules(section), section.kind, section.weight, section.weight_by_confidence)
    return replace(found, row=readable[found.row])


def _fold_labels(context: RunContext, trained: Trained, place: int, state: RunState) -> PseudoLabels:
    """Return the pseudo-labels of the student of the fold at this place; all members are its teachers."""
    fold = state.folds[place]
    teachers = [
        (Teacher(f"{one.folder}/fold{fold.number}", fold.train), one.result_of(fold).test) for one in trained.values()
    ]
    test = next(iter(state.members.values())).test
    return choose_labels(context, teachers, fold, test, state.group, state.relation)


def _train_students(
    context: RunContext, state: RunState, number: int, labels: Sequence[PseudoLabels]
) -> dict[str, TrainedMember]:
    """Return each member's students of a round, one per fold."""
    students = {
        name: replace(member, name=student_name(name, number), recipe=_student_recipe(context, member.recipe))
        for name, member in state.members.items()
    }
    units = [
        _student_unit(context, student, fold, chosen)
        for student in students.values()
        for fold, chosen in zip(state.folds, labels, strict=True)
    ]
    results = iter(context.executor.train(units))
    return {
        name: TrainedMember(member, students[name].name, state.folds, tuple(islice(results, len(state.folds))))
        for name, member in state.members.items()
    }


def _student_unit(context: RunContext, student: Member, fold: Fold, chosen: PseudoLabels) -> TrainingUnit:
    """Return the unit of one student."""
    fingerprint = _student_training(context, student, fold, chosen).fingerprint
    train = partial(_train_student, student=student, fold=fold, chosen=chosen)
    return TrainingUnit(context, student.name, fold.number, train, fingerprint)


def _train_student(context: RunContext, student: Member, fold: Fold, chosen: PseudoLabels) -> FoldResult:
    """Train one student and write its probabilities; read them where that was done before."""
    return train_once(context, _student_training(context, student, fold, chosen))


def _student_training(context: RunContext, student: Member, fold: Fold, chosen: PseudoLabels) -> FoldTraining:
    """Return the training of one student."""
    label = np.concatenate([context.table.label, np.zeros(len(student.test.errors), dtype=np.int64)])
    rows = chosen.row.astype(np.int64) + len(context.table.label)
    label[rows] = chosen.label
    soft = SoftTargets(rows, chosen.target.astype(np.float32), chosen.weight.astype(np.float32))
    targets = hashlib.blake2b(soft.prob.tobytes() + soft.weight.tobytes()).hexdigest()
    fingerprint = digest(fold_fingerprint(student, context.table, fold), rows.tolist(), targets)
    return FoldTraining(
        student,
        fold,
        fingerprint,
        lambda: fold_job(
            context,
            student,
            fold,
            fingerprint,
            store=join_stores(student.train, student.test),
            label=label,
            train_rows=np.concatenate([fold.train, rows]),
            soft=soft,
        ),
        note=f", {len(rows)} pseudo-labelled rows",
    )


def _student_recipe(context: RunContext, recipe: Recipe) -> Recipe:
    policy = context.recipe.pseudo_label.noisy_student
    if not policy:
        return recipe
    stronger = {"transforms": {"policy": policy, "curriculum": []}}
    return parse_recipe(merge(recipe.model_dump(mode="json"), stronger), "pseudo_label.noisy_student")


def _rules(section: PseudoLabelSection) -> Rules:
    return Rules(section.threshold, section.top_k, section.agreement)


def _score(
    number: int,
    labels: Sequence[PseudoLabels],
    teachers: Trained,
    students: Trained,
    rows: Rows,
    section: PseudoLabelSection,
) -> PseudoLabelRound:
    old, new = ([one.oof_of(rows.row) for one in trained.values()] for trained in (teachers, students))
    right = [rows.right(votes.mean(probs).astype(np.float32)) for probs in (old, new)]
    gain = paired_difference(right[0], right[1], rows.group)
    chosen = float(np.mean([len(one.row) for one in labels]))
    unlimited = replace(_rules(section), top_k=0)  # the limit is for test rows, of which there is another number
    known = expected_accuracy(old, rows.label, unlimited, rows.group)
    before, after = (accuracy(one, rows.group) for one in right)
    return PseudoLabelRound(
        number=number,
        chosen=chosen,
        teachers_right=known,
        before=before,
        after=after,
        gain=gain,
        kept=_choice(number, gain, before, section).used,
    )


def _choice(number: int, gain: Difference, before: Estimate, section: PseudoLabelSection) -> MeasuredChoice:
    """Return whether the students of a round replace their teachers."""
    name = f"students of pseudo-labels, round {number}"
    return measured_choice(name, gain, before.value, needs="better", force=section.force)


def _print(found: PseudoLabelRound) -> None:
    right = f", right on out-of-fold rows in {found.teachers_right}" if found.teachers_right else ""
    log.info(f"pseudo-labels, round {found.number}: {found.chosen:.0f} test rows per fold{right}")
    verdict = "kept" if found.kept else "dropped, as no gain is shown"
    log.info(f"  students {found.after}; {found.gain} over their teachers: {verdict}")
