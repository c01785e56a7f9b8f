"""Students that learn from test rows: their data, teachers that have not learnt their held-out rows, kept if better."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sketchfit.api.predict import predict
from sketchfit.api.run import run
from sketchfit.commands.continue_run import continue_run
from sketchfit.config.load import load_recipe
from sketchfit.data.folds import Fold
from sketchfit.data.joined_stores import join_stores
from sketchfit.errors import UserError
from sketchfit.inference.pseudo_labels import Teacher
from sketchfit.models.network import Normalisation
from sketchfit.runs.folder import RunFolder
from sketchfit.soups.candidates import student_name
from sketchfit.stages import pseudo_label
from sketchfit.stages.pseudo_label import choose_labels
from sketchfit.synthetic import draw_dataset
from sketchfit.training.context import Member, RunContext
from sketchfit.training.engine import make_engine
from sketchfit.training.job import FitJob, SoftTargets
from sketchfit.training.loader import DataLoader
from sketchfit.training.plan import make_plan
from tests.factories import open_context, tiny_recipe

RECIPE = tiny_recipe(
    {
        "folds": {"k": 3},
        "training": {"epochs": 1, "validate_every": 0},
        "calibration": {"method": "temperature"},
    }
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with drawings in `data`. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("students")
    draw_dataset(folder / "data", classes=4, per_class=9, test_per_class=4, seed=2, copies=0.0)
    return folder


@pytest.fixture(scope="module")
def opened(place: Path) -> tuple[RunContext, Member]:
    context, members = open_context(place / "members", place / "data", load_recipe(RECIPE))
    return context, members["test_resnet"]


def test_each_member_has_the_results_of_its_students(
    opened: tuple[RunContext, Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, member = opened
    monkeypatch.setattr(pseudo_label, "_student_unit", lambda _, student, fold, chosen: (student.name, fold, chosen))
    executor: Any = SimpleNamespace(train=list)
    folds, members = (0, 1), {name: replace(member, name=name) for name in ("first", "second")}
    state: Any = SimpleNamespace(members=members, folds=folds)
    labels: Any = ("of fold 0", "of fold 1")
    found = pseudo_label._train_students(replace(context, executor=executor), state, 1, labels)
    for name, one in found.items():
        assert one.member is members[name]
        assert one.folder == student_name(name, 1)
        assert one.results == tuple((one.folder, *pair) for pair in zip(folds, labels, strict=True))


def _fold() -> Fold:
    rows = np.arange(36)
    return Fold(0, rows[rows % 3 != 0], rows[rows % 3 == 0])


def _test_prob(seed: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).dirichlet(np.full(4, 0.3), 16).astype(np.float32)


def test_a_teacher_that_has_learnt_from_held_out_rows_is_refused(opened: tuple[RunContext, Member]) -> None:
    (context, member), fold, prob = opened, _fold(), _test_prob(0)
    honest = Teacher("a/fold0", fold.train)
    leaky = Teacher("b/fold1", np.concatenate([fold.train[4:], fold.valid[:1]]))
    assert len(choose_labels(context, [(honest, prob)], fold, member.test, None).row)
    with pytest.raises(UserError, match=r"b/fold1 was trained on 1 of the 12 rows of fold 0"):
        choose_labels(context, [(honest, prob), (leaky, prob)], fold, member.test, None)
    group = np.arange(36)
    group[fold.train[0]] = group[fold.valid[0]]
    with pytest.raises(UserError, match="near-duplicates"):
        choose_labels(context, [(honest, prob)], fold, member.test, group)
    with pytest.raises(UserError, match="1 row related to rows of fold 0 by drawer"):
        choose_labels(context, [(honest, prob)], fold, member.test, group, "drawer")


def test_rows_are_chosen_among_those_that_can_be_read(opened: tuple[RunContext, Member]) -> None:
    context, member = opened
    context = replace(context, recipe=load_recipe(RECIPE, {"pseudo_label": {"top_k": 3}}))
    prob = np.full((16, 4), 0.02, dtype=np.float32)
    prob[:, 1] = 0.94
    damaged = replace(member.test, errors=("", "broken", *[""] * 14))
    fold = _fold()
    found = choose_labels(context, [(Teacher("t", fold.train), prob)], fold, damaged, None)
    assert found.row.tolist() == [0, 2, 3]
    assert found.label.tolist() == [1, 1, 1]
    np.testing.assert_allclose(found.target[0], prob[0])


def test_joined_stores_give_the_same_pictures(opened: tuple[RunContext, Member]) -> None:
    _, member = opened
    both = join_stores(member.train, member.test)
    count = len(member.train.images)
    for row, image, paper in (
        (count - 1, member.train.images[-1], member.train.paper[-1]),
        (count, member.test.images[0], member.test.paper[0]),
    ):
        np.testing.assert_array_equal(both.images[row], image)
        np.testing.assert_array_equal(both.paper[row], paper)
    coloured = replace(
        member.test, images=np.repeat(member.test.images, 3, axis=-1), paper=np.repeat(member.test.paper, 3, axis=-1)
    )
    mixed = join_stores(member.train, coloured)
    np.testing.assert_array_equal(mixed.images[0], np.repeat(member.train.images[0], 3, axis=-1))
    assert mixed.paper.shape == (count + len(member.test.images), 3)


@pytest.mark.parametrize("mixup", [0.0, 0.4])
def test_soft_rows_carry_their_target_and_weight_and_resume_where_they_stopped(
    opened: tuple[RunContext, Member], tmp_path: Path, mixup: float
) -> None:
    (context, member), fold, prob = opened, _fold(), _test_prob(1)
    recipe = load_recipe(RECIPE, {"transforms": {"mixing": {"mixup_alpha": mixup, "p": 1.0}}})
    count = len(context.table.label)
    soft = SoftTargets(np.array([count + 2, count + 5]), prob[[2, 5]], np.array([0.25, 0.5], dtype=np.float32))
    label = np.concatenate([context.table.label, prob.argmax(axis=1)])
    train = np.concatenate([fold.train, soft.row])
    store = join_stores(member.train, member.test)
    job = FitJob("job", recipe, store, label, 4, train, fold.valid, tmp_path / "job", "x", 0, soft)
    epoch = make_plan(recipe, len(train)).epochs[0]
    half = (0.5, 0.5, 0.5)

    def batches(first: int) -> list[Any]:
        engine = make_engine(recipe.compute)
        return [group[0] for group in DataLoader(job, Normalisation(half, half), engine).updates(epoch, first)]

    whole, rest = batches(0), batches(1)
    assert len(whole) == 3
    for one, other in zip(whole[1:], rest, strict=True):
        assert (one.images == other.images).all()
        assert (one.targets == other.targets).all()
        assert (one.weight == other.weight).all()
    weights = np.concatenate([one.weight.numpy() for one in whole])
    targets = np.concatenate([one.targets.numpy() for one in whole])
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    if mixup == 0:
        # 26 rows in batches of 8: two rows are left out in an epoch.
        for value, target in ((0.25, prob[2]), (0.5, prob[5])):
            for place_ in np.flatnonzero(weights == value):
                np.testing.assert_allclose(targets[place_], target)
        assert set(np.unique(weights)) <= {0.25, 0.5, 1.0}
        assert (weights < 1).any()
    else:
        assert ((weights >= 0.25) & (weights <= 1)).all()


def test_students_are_dropped_unless_better_or_forced(place: Path, tmp_path: Path) -> None:
    run(place / "data", RECIPE, out=tmp_path / "run")
    plain = (tmp_path / "run" / "submission.csv").read_text()
    with np.load(tmp_path / "run" / "ensemble" / "oof.npz") as file:
        before = file["prob"]
    asked: dict[str, Any] = {"pseudo_label": {"enabled": True, "threshold": 0.0, "noisy_student": "medium"}}
    dropped = run(place / "data", RECIPE, asked, out=tmp_path / "run")
    assert dropped.steps[0].name == "pseudo-labels, round 1, dropped"
    assert (tmp_path / "run" / "submission.csv").read_text() == plain
    with np.load(tmp_path / "run" / "ensemble" / "oof.npz") as file:
        np.testing.assert_array_equal(file["prob"], before)

    student = RunFolder(tmp_path / "run").fold("test_resnet+pseudo1", 0)
    weights = (student / "model.safetensors").stat().st_mtime_ns
    forced = continue_run(tmp_path / "run", {"pseudo_label": {"force": True}})
    assert (student / "model.safetensors").stat().st_mtime_ns == weights  # nothing is trained twice
    assert forced.steps[0].name == "pseudo-labels, round 1"
    assert json.loads((tmp_path / "run" / "ensemble" / "pseudo_labels.json").read_text())["kept"] == 1
    with np.load(tmp_path / "run" / "ensemble" / "test.npz") as file:
        expected = file["prob"]
    frame = predict(tmp_path / "run", place / "data" / "test.csv")
    np.testing.assert_allclose(frame["probability"].astype(float), expected.max(axis=1), atol=2e-6)
    answers = pd.read_csv(tmp_path / "run" / "submission.csv")["target"]
    assert answers.tolist() == expected.argmax(axis=1).tolist()


@pytest.mark.parametrize("stage", ["pseudo_label", "distill"])
def test_folds_that_separate_copies_are_refused_before_anything_is_trained(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
    draw_dataset(tmp_path / "data", classes=4, per_class=20, test_per_class=3, seed=3, copies=0.3)
    settings = {"folds": {"k": 2, "group": "none"}, "audit": {"enabled": True}, stage: {"enabled": True}}
    with pytest.raises(UserError, match=f"{stage}: .* near-duplicates of rows of fold 0, and its student") as caught:
        run(tmp_path / "data", RECIPE, settings, out=tmp_path / "run")
    assert "folds.group=near_duplicate" in str(caught.value)
    assert not list((tmp_path / "run").glob("members/*/*/*"))
    run(tmp_path / "data", RECIPE, {**settings, "folds": {"k": 2}}, out=tmp_path / "whole")
