"""Pseudo-labels: each fold's student also learns from test rows that the same fold's networks are sure of.

The teachers of fold k's student are the members' networks of fold k, averaged with equal weights and as they are: no
weight, view or calibration that was chosen on fold k's labels comes between. What they have learnt from is checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.load import merge, parse_recipe
from sketchfit.config.pseudo_label import PseudoLabelSection
from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.data.store import join_stores
from sketchfit.files import write_json
from sketchfit.inference import votes
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.inference.oof import Floats, Rows, estimate_json, mean_by_row, read_rows
from sketchfit.inference.pseudo_labels import (
    PseudoLabels,
    Rules,
    Teacher,
    align,
    check_teacher,
    expected_accuracy,
    select,
)
from sketchfit.runs.fingerprint import digest
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.train import (
    FoldResult,
    Inputs,
    class_prior,
    fold_fingerprint,
    fold_job,
    train_once,
)
from sketchfit.stages.views import member_rows
from sketchfit.tracking.console import Console
from sketchfit.training.engine import Engine
from sketchfit.training.job import FitJob, SoftTargets

Results = Mapping[str, Sequence[FoldResult]]


@dataclass(frozen=True)
class Round:
    """What one round of students is worth.

    Attributes:
        number: from 1.
        chosen: pseudo-labelled test rows, mean over folds.
        teachers_right: how often the same rules choose right labels, on out-of-fold rows; None where they choose none.
        before, after: out-of-fold top-1 of the members' plain mean.
        gain: of the students over their teachers.
        kept: they replace their teachers.
    """

    number: int
    chosen: float
    teachers_right: Estimate | None
    before: Estimate
    after: Estimate
    gain: Difference
    kept: bool


def student_name(member: str, number: int) -> str:
    """Folder of a member's students in round `number`, from 1; round 0 is the member itself."""
    return f"{member}+pseudo{number}" if number else member


def pseudo_label(
    run: RunFolder,
    recipe: Recipe,
    members: Mapping[str, Recipe],
    inputs: Mapping[str, Inputs],
    folds: Sequence[Fold],
    results: Results,
    engine: Engine,
    console: Console,
) -> tuple[Results, int, tuple[Round, ...]]:
    """Train students round by round, as long as they are better out of fold than their teachers.

    Args:
        members: each member's recipe.
        folds: those that were trained.
        results: each member's, in the order of `folds`.

    Returns:
        The results to go on with, the round that they are of (0: no students), and all rounds that were tried.
    """
    section = recipe.pseudo_label
    if not section.enabled or not any(len(found[0].test) for found in results.values()):
        return results, 0, ()
    rows = read_rows(run.folds, reduce(np.intersect1d, [member_rows(found) for found in results.values()]))
    group = read_rows(run.folds, np.arange(len(next(iter(inputs.values())).table.label))).group
    learnt = [fold.train for fold in folds]
    rounds: list[Round] = []
    for number in range(1, section.rounds + 1):
        labels = [
            student_labels(
                [
                    (Teacher(f"{student_name(member, number - 1)}/fold{fold.number}", learnt[place]), found[place].test)
                    for member, found in results.items()
                ],
                fold,
                next(iter(inputs.values())),
                group,
                section,
            )
            for place, fold in enumerate(folds)
        ]
        students = {
            member: [
                _fit_student(
                    run,
                    student_name(member, number),
                    member_recipe,
                    inputs[member],
                    fold,
                    chosen,
                    section,
                    engine,
                    console,
                )
                for fold, chosen in zip(folds, labels, strict=True)
            ]
            for member, member_recipe in members.items()
        }
        rounds.append(_judge(number, labels, results, students, rows, section))
        _print(rounds[-1], console)
        if not rounds[-1].kept:
            break
        results = students
    kept = sum(one.kept for one in rounds)
    if engine.is_main:
        write_json(run.ensemble / "pseudo_labels.json", {"kept": kept, "rounds": [_json(one) for one in rounds]})
    return results, kept, tuple(rounds)


def student_labels(
    teachers: Sequence[tuple[Teacher, Floats]],
    fold: Fold,
    inputs: Inputs,
    group: NDArray[np.int64] | None,
    section: PseudoLabelSection,
) -> PseudoLabels:
    """The pseudo-labels of a fold's student; `row` is a row of the test table.

    Args:
        teachers: each with its probabilities of all test rows, [N_test, C].
        group: int64 [N], families of near-duplicates of the training table, or None.

    Raises:
        UserError: a teacher has learnt from rows on which the student is validated, or from near-duplicates of them.
    """
    exam = fold.held_out(len(inputs.table.label))
    check_teacher([teacher for teacher, _ in teachers], fold.number, exam, group)
    readable = np.flatnonzero(inputs.test.readable)
    prior = class_prior(inputs.table.label[fold.train], inputs.table.class_count)
    probs = [align(prob[readable], prior) if section.align else prob[readable] for _, prob in teachers]
    found = select(probs, _rules(section), section.kind, section.weight, section.weight_by_confidence)
    return replace(found, row=readable[found.row])


def _fit_student(
    run: RunFolder,
    name: str,
    recipe: Recipe,
    inputs: Inputs,
    fold: Fold,
    chosen: PseudoLabels,
    section: PseudoLabelSection,
    engine: Engine,
    console: Console,
) -> FoldResult:
    """Train one student and write its probabilities; read them where that was done before."""
    folder = run.fold(name, fold.number)
    student = _student_recipe(recipe, section)
    label = np.concatenate([inputs.table.label, np.zeros(len(inputs.test.errors), dtype=np.int64)])
    taught = chosen.row.astype(np.int64) + len(inputs.table.label)
    label[taught] = chosen.label
    soft = SoftTargets(taught, chosen.target.astype(np.float32), chosen.weight.astype(np.float32))
    targets = hashlib.blake2b(soft.prob.tobytes() + soft.weight.tobytes()).hexdigest()
    fingerprint = digest(fold_fingerprint(student, inputs, fold), taught.tolist(), targets)

    def job() -> FitJob:
        return fold_job(
            f"{name}/fold{fold.number}",
            student,
            inputs,
            fold,
            folder,
            fingerprint,
            store=join_stores(inputs.train, inputs.test),
            label=label,
            train_rows=np.concatenate([fold.train, taught]),
            soft=soft,
        )

    note = f", {len(taught)} pseudo-labelled rows"
    return train_once(folder, fingerprint, job, inputs, fold, engine, console, note)


def _student_recipe(recipe: Recipe, section: PseudoLabelSection) -> Recipe:
    if not section.noisy_student:
        return recipe
    stronger = {"transforms": {"policy": section.noisy_student, "curriculum": []}}
    return parse_recipe(merge(recipe.model_dump(mode="json"), stronger), "pseudo_label.noisy_student")


def _rules(section: PseudoLabelSection) -> Rules:
    return Rules(section.threshold, section.top_k, section.agreement)


def _judge(
    number: int,
    labels: Sequence[PseudoLabels],
    teachers: Results,
    students: Results,
    rows: Rows,
    section: PseudoLabelSection,
) -> Round:
    old, new = (_oof(results) for results in (teachers, students))
    right = [rows.right(votes.mean(probs).astype(np.float32)) for probs in (old, new)]
    gain = paired_difference(right[0], right[1], rows.group)
    chosen = float(np.mean([len(one.row) for one in labels]))
    scaled = replace(_rules(section), top_k=0)  # the limit counts test rows, of which there are another number
    known = expected_accuracy(old, rows.label, scaled, rows.group)
    before, after = (accuracy(one, rows.group) for one in right)
    return Round(number, chosen, known, before, after, gain, section.force or gain.helps)


def _oof(results: Results) -> list[Floats]:
    return [mean_by_row([one.rows for one in found], [one.oof for one in found])[1] for found in results.values()]


def _print(found: Round, console: Console) -> None:
    right = f", right on out-of-fold rows in {found.teachers_right}" if found.teachers_right else ""
    console.line(f"pseudo-labels, round {found.number}: {found.chosen:.0f} test rows a fold{right}")
    verdict = "kept" if found.kept else "dropped: no gain that the test can tell from chance"
    console.line(f"  students {found.after}; {found.gain} over their teachers: {verdict}")


def _json(found: Round) -> dict[str, Any]:
    return {
        "number": found.number,
        "chosen": found.chosen,
        "teachers_right": estimate_json(found.teachers_right) if found.teachers_right else None,
        "before": estimate_json(found.before),
        "after": estimate_json(found.after),
        "gain": estimate_json(found.gain),
        "kept": found.kept,
    }
