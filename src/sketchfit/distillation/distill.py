"""Distillation: the members' ensemble into one small student, which answers alone where the ensemble is too slow.

The teacher of fold k's student is the plain mean of the members' networks of fold k: no weight, view or calibration
that was chosen on fold k's labels comes between, and what the networks have learnt from is checked. The student stands
beside the run's answers and changes none of them.

Paper: "Distilling the Knowledge in a Neural Network", Hinton et al., arXiv 1503.02531.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.load import parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import training_settings
from sketchfit.config.student import Student
from sketchfit.data.folds import Fold
from sketchfit.data.store import join_stores
from sketchfit.distillation.cost import Cost, TimedNetwork, measure_cost
from sketchfit.errors import UserError
from sketchfit.files import read_json, write_json, write_npz
from sketchfit.inference import votes
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.inference.oof import Floats, Rows, Step, estimate_json, mean_by_row, read_rows
from sketchfit.inference.pseudo_labels import Teacher, check_teacher
from sketchfit.inference.tta import IDENTITY
from sketchfit.runs.fingerprint import digest
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.recipe import upgraded
from sketchfit.stages.train import (
    FoldResult,
    Inputs,
    fold_fingerprint,
    fold_job,
    is_done,
    load_network,
    predict_rows,
    read_fold,
    train_once,
)
from sketchfit.tracking.console import Console
from sketchfit.training.engine import Engine
from sketchfit.training.job import FitJob, SoftTargets, TeacherTargets


@dataclass(frozen=True)
class TeacherMember:
    """A member that teaches: `folder` is where its networks lie, one a fold; the rest is the member's."""

    member: str
    folder: str
    recipe: Recipe
    inputs: Inputs


@dataclass(frozen=True)
class DistillationJob:
    """Who learns what from whom.

    Attributes:
        run: whose networks teach.
        student: that learns.
        teacher_members: all members.
        own: the student's images, which may be of another size than any member's.
        test_rows: also learn from the test rows that can be read, by the teacher alone.
    """

    run: RunFolder
    student: Student
    teacher_members: Sequence[TeacherMember]
    own: Inputs
    test_rows: bool = False

    @property
    def name(self) -> str:
        """Folder of the student's networks."""
        return distilled_name(self.student.name)


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
    distillation_job: DistillationJob, folds: Sequence[Fold], rows: Rows, engine: Engine, console: Console
) -> Step:
    """Train a student a fold, unless that is done, and write `ensemble/distilled.json`.

    Args:
        folds: those that were trained.
        rows: all rows that they are validated on.

    Raises:
        UserError: a teacher has learnt from rows on which its student is validated, or from near-duplicates of them.
    """
    run = distillation_job.run
    group = read_rows(run.folds, np.arange(len(distillation_job.own.table.label))).group
    students = [fit_student(distillation_job, fold, group, engine, console) for fold in folds]
    found = _judge(distillation_job, students, folds, rows)
    if engine.is_main:
        path, trained = run.ensemble / "distilled.json", _fingerprints(run, found.name, folds)
        chosen = read_json(run.ensemble / "views.json")
        fingerprint = digest(trained, chosen, str(engine.device))
        cost = _known_cost(path, fingerprint) or _cost(distillation_job, chosen, folds, engine)
        _print(found, cost, console)
        write_json(path, {"fingerprint": fingerprint, "folds": trained, **_json(found, distillation_job.student, cost)})
    engine.wait()
    return Step(f"{found.name} alone, against its teacher", found.student, found.kept)


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
        folder = run.fold(written["folder"], int(number))
        if not is_done(folder, fingerprint):
            raise UserError(
                f"{folder} is not the student that {path} speaks of", f"Finish it: sketchfit distill {run.path}"
            )
    return {written["folder"]: parse_recipe(upgraded(written["recipe"]), str(path))}


def fit_student(
    distillation_job: DistillationJob,
    fold: Fold,
    group: NDArray[np.int64] | None,
    engine: Engine,
    console: Console,
) -> FoldResult:
    """Train the student of a fold and write its probabilities; read them where that was done before.

    Args:
        group: int64 [N], families of near-duplicates of the training table, or None.

    Raises:
        UserError: a teacher has learnt from rows on which the student is validated, or from near-duplicates of them.
    """
    own, taught_recipe = distillation_job.own, distillation_job.student.taught
    count = len(own.table.label)
    teachers = [Teacher(f"{one.folder}/fold{fold.number}", fold.train) for one in distillation_job.teacher_members]
    check_teacher(teachers, fold.number, fold.held_out(count), group)
    folder = distillation_job.run.fold(distillation_job.name, fold.number)
    readable = np.flatnonzero(own.test.readable) if distillation_job.test_rows else np.arange(0)
    schools = [distillation_job.run.fold(one.folder, fold.number) for one in distillation_job.teacher_members]
    taught_by = [read_json(school / "done.json")["fingerprint"] for school in schools]
    fingerprint = digest(fold_fingerprint(taught_recipe, own, fold), taught_by, distillation_job.test_rows)

    def job() -> FitJob:
        train, test = _teacher(
            folder, fingerprint, schools, distillation_job.teacher_members, fold, readable, engine, console
        )
        label = np.concatenate([own.table.label, np.zeros(len(own.test.errors), dtype=np.int64)])
        label[count + readable] = test.argmax(axis=1)
        taught = np.concatenate([fold.train, count + readable])
        return fold_job(
            f"{distillation_job.name}/fold{fold.number}",
            taught_recipe,
            own,
            fold,
            folder,
            fingerprint,
            store=join_stores(own.train, own.test) if len(readable) else own.train,
            label=label if len(readable) else own.table.label,
            train_rows=taught,
            # Where there is no label, the part of the loss that follows labels has the teacher's answer for one.
            soft=SoftTargets(count + readable, test, np.ones(len(readable), np.float32)) if len(readable) else None,
            teacher=TeacherTargets(taught, np.concatenate([train, test])),
        )

    note = f", taught by {len(schools)} networks"
    return train_once(folder, fingerprint, job, own, fold, engine, console, note)


def _teacher(
    folder: Path,
    fingerprint: str,
    schools: Sequence[Path],
    teacher_members: Sequence[TeacherMember],
    fold: Fold,
    readable: NDArray[np.int64],
    engine: Engine,
    console: Console,
) -> tuple[Floats, Floats]:
    """The teacher's probabilities float32 of the fold's training rows [n, C] and of the readable test rows [m, C].

    They are kept until the student is done: one that is killed goes on with the very same.
    """
    path = folder / "teacher.npz"
    if engine.is_main and not _is_of(path, fingerprint):
        asked = []
        with console.bar(
            f"{folder.parent.name}/fold{fold.number}: asking the teachers", len(teacher_members)
        ) as advance:
            for number, (school, teacher_member) in enumerate(zip(schools, teacher_members, strict=True)):
                classes = teacher_member.inputs.table.class_count
                network = load_network(school, teacher_member.recipe, classes)
                network.model.to(engine.device)
                asked.append(
                    predict_rows(
                        network, teacher_member.recipe, teacher_member.inputs.train, fold.train, classes, engine
                    )
                )
                advance(number + 1, "")
        test = votes.mean([read_fold(school).test[readable] for school in schools])
        train = votes.mean(asked)
        arrays = {"train": train.astype(np.float32), "test": test.astype(np.float32)}
        write_npz(path, {"fingerprint": np.array(fingerprint), **arrays})
    engine.wait()
    with np.load(path, allow_pickle=False) as file:
        return file["train"], file["test"]


def _is_of(path: Path, fingerprint: str) -> bool:
    if not path.is_file():
        return False
    with np.load(path, allow_pickle=False) as file:
        return bool(file["fingerprint"].item() == fingerprint)


def _judge(
    distillation_job: DistillationJob, students: Sequence[FoldResult], folds: Sequence[Fold], rows: Rows
) -> Distilled:
    def standing(folder: str) -> Floats:
        return _oof([read_fold(distillation_job.run.fold(folder, fold.number)) for fold in folds])

    teacher = votes.mean([standing(one.folder) for one in distillation_job.teacher_members])
    right, above = rows.right(_oof(students)), rows.right(teacher.astype(np.float32))
    untaught = None
    own = _decides(distillation_job.student.plain)
    if (
        member := next((one.member for one in distillation_job.teacher_members if _decides(one.recipe) == own), None)
    ) is not None:
        without = rows.right(standing(member))
        untaught = (member, accuracy(without, rows.group), paired_difference(without, right, rows.group))
    return Distilled(
        distillation_job.name,
        accuracy(right, rows.group),
        accuracy(above, rows.group),
        paired_difference(above, right, rows.group),
        untaught,
    )


def _decides(recipe: Recipe) -> dict[str, Any]:
    return training_settings(recipe.model_dump(mode="json"))


def _oof(results: Sequence[FoldResult]) -> Floats:
    return mean_by_row([one.rows for one in results], [one.oof for one in results])[1]


def _cost(distillation_job: DistillationJob, chosen: Mapping[str, Any], folds: Sequence[Fold], engine: Engine) -> Cost:
    """What the run's answers to new drawings cost, and what the student's do.

    Args:
        chosen: `ensemble/views.json`: who answers, by which networks and views.
    """
    classes = distillation_job.own.table.class_count

    def timed_network(networks: Sequence[Path], recipe: Recipe, inputs: Inputs, views: Sequence[str]) -> TimedNetwork:
        network = load_network(networks[0], recipe, classes)
        network.model.to(engine.device)
        return TimedNetwork(network, recipe, inputs.train, tuple(views), len(networks))

    ensemble = []
    for one in distillation_job.teacher_members:
        if (found := chosen.get(one.member)) is not None:  # others went into a soup that answers under another's name
            networks = sorted(
                done.parent for done in distillation_job.run.fold(found["folder"], 0).parent.glob("fold*/done.json")
            )
            whole = [] if found["refit"] is None else [distillation_job.run.fold(found["refit"][0], 0)]
            ensemble.append(timed_network([*networks, *whole], one.recipe, one.inputs, found["names"]))
    students = [distillation_job.run.fold(distillation_job.name, fold.number) for fold in folds]
    alone = timed_network(students, distillation_job.student.taught, distillation_job.own, [IDENTITY])
    return measure_cost(ensemble, alone, np.flatnonzero(distillation_job.own.train.readable), engine)


def _print(found: Distilled, cost: Cost, console: Console) -> None:
    console.line(f"{found.name}: {found.student}; its teacher, the members' plain mean, {found.teacher}")
    console.line(f"  against its teacher {found.kept}")
    if found.untaught is not None:
        member, alone, gain = found.untaught
        console.line(f"  the same network without a teacher ({member}) {alone}; taught {gain}")
    console.line(f"  {cost}")


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
