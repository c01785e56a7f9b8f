"""Distillation: the members' ensemble into one small student, which answers alone where the ensemble is too slow.

The teacher of fold k's student is the plain mean of the members' networks of fold k: no weight, view or calibration
that was chosen on fold k's labels comes between, and what the networks have learnt from is checked. The student stands
beside the run's answers and changes none of them.

Paper: "Distilling the Knowledge in a Neural Network", Hinton et al., arXiv 1503.02531.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import Accelerator
from numpy.typing import NDArray

from sketchfit.config.load import member_recipes, parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.config.student import Student, student_of
from sketchfit.errors import UserError
from sketchfit.files import read_json, write_json, write_npz
from sketchfit.inference import votes
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.inference.pseudo_labels import Teacher, check_teacher
from sketchfit.inference.tta import IDENTITY
from sketchfit.pipeline.cost import Contestant, Cost, measure_cost
from sketchfit.pipeline.folder import RunFolder, digest, fit_settings
from sketchfit.pipeline.members import (
    FoldResult,
    Inputs,
    fold_fingerprint,
    load_network,
    predict_rows,
    read_fold,
    write_results,
)
from sketchfit.pipeline.oof import Floats, Rows, Step, estimate_json, mean_by_row, read_rows
from sketchfit.pipeline.prepare import Fold, load_store
from sketchfit.pipeline.pseudo_label import join_stores
from sketchfit.tracking.console import Screen, duration
from sketchfit.training.job import FitJob, SoftTargets, TeacherTargets
from sketchfit.training.soup import fit_soup


@dataclass(frozen=True)
class Tutor:
    """A member that teaches: `folder` is where its networks lie, the other two are the member's."""

    folder: str
    recipe: Recipe
    inputs: Inputs


@dataclass(frozen=True)
class Distilled:
    """What the student is worth, out of fold.

    Attributes:
        name: folder of its networks.
        student, teacher: top-1 of the student, and of the mean of the networks that taught it, on the same rows.
        kept: the student against its teacher.
        untaught: the member whose settings the student shares, its top-1, and the student against it; None where the
            run has no such member.
    """

    name: str
    student: Estimate
    teacher: Estimate
    kept: Difference
    untaught: tuple[str, Estimate, Difference] | None


def distilled_name(student: str) -> str:
    """Folder of a student's networks."""
    return f"{student}+distilled"


def distill(
    run: RunFolder,
    recipe: Recipe,
    inputs: Mapping[str, Inputs],
    folds: Sequence[Fold],
    rows: Rows,
    engine: Accelerator,
    screen: Screen,
) -> tuple[Step, ...]:
    """Train a student a fold, unless that is done, and write `ensemble/distilled.json`; nothing where it is off.

    Args:
        recipe: of the run.
        inputs: each member's.
        folds: those that were trained.
        rows: all rows that they are validated on.

    Raises:
        UserError: a teacher has learnt from rows on which its student is validated, or from near-duplicates of them.
    """
    if not recipe.distill.enabled:
        return ()
    student, members = student_of(recipe), member_recipes(recipe)
    chosen = read_json(run.ensemble / "views.json")
    tutors = [Tutor(chosen[member]["folder"], one, inputs[member]) for member, one in members.items()]
    own = _own_inputs(student.taught, tutors[0].inputs, screen)
    group = read_rows(run.folds, np.arange(len(own.table.label))).group
    students = [
        fit_student(run, student, tutors, own, fold, group, recipe.distill.test_rows, engine, screen) for fold in folds
    ]
    found = _judge(run, student, members, tutors, students, folds, rows)
    if engine.is_main_process:
        path, trained = run.ensemble / "distilled.json", _fingerprints(run, found.name, folds)
        fingerprint = digest(trained, chosen, str(engine.device))
        cost = _known_cost(path, fingerprint) or _cost(run, chosen, tutors, student, own, folds, engine)
        _say(found, cost, screen)
        write_json(path, {"fingerprint": fingerprint, "folds": trained, **_json(found, student, cost)})
    engine.wait_for_everyone()
    return (Step(f"{found.name} alone, against its teacher", found.student, found.kept),)


def read_student(run: RunFolder) -> dict[str, Recipe]:
    """The folder of a run's students and their recipe.

    Raises:
        UserError: there are none, or not all of those that `ensemble/distilled.json` speaks of.
    """
    path = run.ensemble / "distilled.json"
    if not path.is_file():
        raise UserError(f"{run.path} has no distilled student", f"Make one: sketchfit distill {run.path}")
    written = read_json(path)
    for number, fingerprint in written["folds"].items():
        done = run.fold(written["folder"], int(number)) / "done.json"
        if not done.is_file() or read_json(done)["fingerprint"] != fingerprint:
            raise UserError(
                f"{done.parent} is not the student that {path} speaks of", f"Finish it: sketchfit distill {run.path}"
            )
    return {written["folder"]: parse_recipe(written["recipe"], str(path))}


def fit_student(
    run: RunFolder,
    student: Student,
    tutors: Sequence[Tutor],
    own: Inputs,
    fold: Fold,
    group: NDArray[np.int64] | None,
    test_rows: bool,
    engine: Accelerator,
    screen: Screen,
) -> FoldResult:
    """Train the student of a fold and write its probabilities; read them where that was done before.

    Args:
        tutors: all members; those of their networks teach that are of this fold.
        own: the student's.
        group: int64 [N], families of near-duplicates of the training table, or None.
        test_rows: also learn from the test rows that can be read, by the teacher alone.

    Raises:
        UserError: a teacher has learnt from rows on which the student is validated, or from near-duplicates of them.
    """
    count = len(own.table.label)
    exam = np.full(count, -1, dtype=np.int64)
    exam[fold.valid] = fold.number
    check_teacher([Teacher(f"{one.folder}/fold{fold.number}", fold.train) for one in tutors], fold.number, exam, group)
    name = distilled_name(student.name)
    folder, readable = run.fold(name, fold.number), np.flatnonzero(own.test.readable) if test_rows else np.arange(0)
    schools = [run.fold(one.folder, fold.number) for one in tutors]
    taught_by = [read_json(school / "done.json")["fingerprint"] for school in schools]
    fingerprint = digest(fold_fingerprint(student.taught, own, fold), taught_by, test_rows)
    done = folder / "done.json"
    if not (done.is_file() and read_json(done)["fingerprint"] == fingerprint):
        began = time.monotonic()
        train, test = _teacher(folder, fingerprint, schools, tutors, fold, readable, engine, screen)
        label = np.concatenate([own.table.label, np.zeros(len(own.test.errors), dtype=np.int64)])
        label[count + readable] = test.argmax(axis=1)
        taught = np.concatenate([fold.train, count + readable])
        job = FitJob(
            name=f"{name}/fold{fold.number}",
            recipe=student.taught,
            store=join_stores(own.train, own.test) if len(readable) else own.train,
            label=label if len(readable) else own.table.label,
            class_count=own.table.class_count,
            train_rows=taught,
            valid_rows=fold.valid,
            folder=folder,
            fingerprint=fingerprint,
            seed=student.taught.seed,
            # Where there is no label, the part of the loss that follows labels has the teacher's answer for one.
            soft=SoftTargets(count + readable, test, np.ones(len(readable), np.float32)) if len(readable) else None,
            teacher=TeacherTargets(taught, np.concatenate([train, test])),
        )
        network = fit_soup(job, engine, screen)
        if engine.is_main_process:
            write_results(folder, network, student.taught, own, fold, engine)
            seconds = time.monotonic() - began
            write_json(done, {"fingerprint": fingerprint, "seconds": round(seconds, 1)})
            for passing in ("last.ckpt", "teacher.npz"):
                (folder / passing).unlink(missing_ok=True)
            screen.line(f"{job.name}: done in {duration(seconds)}, taught by {len(tutors)} networks")
        engine.wait_for_everyone()
        engine.free_memory()
    return read_fold(folder)


def _own_inputs(recipe: Recipe, first: Inputs, screen: Screen) -> Inputs:
    """The student's images, which may be of another size than any member's."""
    table = first.table
    train = load_store(table, table.train, "training", recipe, screen)
    return Inputs(table, train, load_store(table, table.test, "test", recipe, screen))


def _teacher(
    folder: Path,
    fingerprint: str,
    schools: Sequence[Path],
    tutors: Sequence[Tutor],
    fold: Fold,
    readable: NDArray[np.int64],
    engine: Accelerator,
    screen: Screen,
) -> tuple[Floats, Floats]:
    """The teacher's probabilities float32 of the fold's training rows [n, C] and of the readable test rows [m, C].

    They are kept until the student is done: one that is killed goes on with the very same.
    """
    path = folder / "teacher.npz"
    if engine.is_main_process and not _is_of(path, fingerprint):
        asked = []
        with screen.bar(f"{folder.parent.name}/fold{fold.number}: asking the teachers", len(tutors)) as advance:
            for number, (school, tutor) in enumerate(zip(schools, tutors, strict=True)):
                classes = tutor.inputs.table.class_count
                network = load_network(school, tutor.recipe, classes)
                network.model.to(engine.device)
                asked.append(predict_rows(network, tutor.recipe, tutor.inputs.train, fold.train, classes, engine))
                advance(number + 1, "")
        test = votes.mean([read_fold(school).test[readable] for school in schools])
        train = votes.mean(asked)
        arrays = {"train": train.astype(np.float32), "test": test.astype(np.float32)}
        write_npz(path, {"fingerprint": np.array(fingerprint), **arrays})
    engine.wait_for_everyone()
    with np.load(path, allow_pickle=False) as file:
        return file["train"], file["test"]


def _is_of(path: Path, fingerprint: str) -> bool:
    if not path.is_file():
        return False
    with np.load(path, allow_pickle=False) as file:
        return bool(file["fingerprint"].item() == fingerprint)


def _judge(
    run: RunFolder,
    student: Student,
    members: Mapping[str, Recipe],
    tutors: Sequence[Tutor],
    students: Sequence[FoldResult],
    folds: Sequence[Fold],
    rows: Rows,
) -> Distilled:
    teacher = votes.mean([_oof([read_fold(run.fold(one.folder, fold.number)) for fold in folds]) for one in tutors])
    right, above = rows.right(_oof(students)), rows.right(teacher.astype(np.float32))
    untaught = None
    same = (member for member, one in members.items() if _decides(one) == _decides(student.plain))
    if (member := next(same, None)) is not None:
        without = rows.right(_oof([read_fold(run.fold(member, fold.number)) for fold in folds]))
        gain = paired_difference(without, right, rows.group)
        untaught = (member, accuracy(without, rows.group), gain)
    return Distilled(
        distilled_name(student.name),
        accuracy(right, rows.group),
        accuracy(above, rows.group),
        paired_difference(above, right, rows.group),
        untaught,
    )


def _decides(recipe: Recipe) -> dict[str, Any]:
    return fit_settings(recipe.model_dump(mode="json"))


def _oof(results: Sequence[FoldResult]) -> Floats:
    return mean_by_row([one.rows for one in results], [one.oof for one in results])[1]


def _cost(
    run: RunFolder,
    chosen: Mapping[str, Any],
    tutors: Sequence[Tutor],
    student: Student,
    own: Inputs,
    folds: Sequence[Fold],
    engine: Accelerator,
) -> Cost:
    """What the run's answers to new drawings cost, and what the student's do."""
    number, classes = folds[0].number, own.table.class_count

    def contestant(folder: str, recipe: Recipe, inputs: Inputs, views: Sequence[str], count: int) -> Contestant:
        network = load_network(run.fold(folder, number), recipe, classes)
        network.model.to(engine.device)
        return Contestant(network, recipe, inputs.train, tuple(views), count)

    ensemble = [
        contestant(one.folder, one.recipe, one.inputs, found["names"], len(folds) + (found["refit"] is not None))
        for one, found in zip(tutors, chosen.values(), strict=True)
    ]
    alone = contestant(distilled_name(student.name), student.taught, own, [IDENTITY], len(folds))
    return measure_cost(ensemble, alone, np.flatnonzero(own.train.readable), classes, engine)


def _say(found: Distilled, cost: Cost, screen: Screen) -> None:
    screen.line(f"{found.name}: {found.student}; its teacher, the members' plain mean, {found.teacher}")
    screen.line(f"  against its teacher {found.kept}")
    if found.untaught is not None:
        member, alone, gain = found.untaught
        screen.line(f"  the same network without a teacher ({member}) {alone}; taught {gain}")
    screen.line(f"  {cost}")


def _fingerprints(run: RunFolder, name: str, folds: Sequence[Fold]) -> dict[str, str]:
    """What names the training of each network of a folder, by the number of its fold."""
    return {str(fold.number): read_json(run.fold(name, fold.number) / "done.json")["fingerprint"] for fold in folds}


def _known_cost(path: Path, fingerprint: str) -> Cost | None:
    if not path.is_file() or (written := read_json(path))["fingerprint"] != fingerprint:
        return None
    figures = {name: written["cost"][name] for name in Cost.__dataclass_fields__}
    rates = {name: tuple(figures[name]) for name in ("ensemble_rates", "student_rates")}
    return Cost(**{**figures, **rates})


def _json(found: Distilled, student: Student, cost: Cost) -> dict[str, Any]:
    untaught = None
    if found.untaught is not None:
        member, top1, gain = found.untaught
        untaught = {"member": member, "top1": estimate_json(top1), "gain": estimate_json(gain)}
    return {
        "folder": found.name,
        "student": estimate_json(found.student),
        "teacher": estimate_json(found.teacher),
        "against_teacher": estimate_json(found.kept),
        "without_teacher": untaught,
        "times_as_fast": round(cost.times_as_fast, 3),
        "cost": asdict(cost),
        "recipe": student.taught.model_dump(mode="json"),
    }
