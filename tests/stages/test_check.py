from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch

from sketchfit.api.check import check
from sketchfit.api.run import run
from sketchfit.config.load import load_recipe
from sketchfit.config.scope import settings
from sketchfit.config.section import CheckedBy
from sketchfit.data.folds import Fold
from sketchfit.errors import Problems, UserError
from sketchfit.memory import MemoryState
from sketchfit.stages import check as check_stage
from sketchfit.stages import disk_space, planned_run, resources, start
from sketchfit.stages.check import check_networks
from sketchfit.stages.planned_run import planned_folds
from sketchfit.stages.resources import PlannedNetwork
from sketchfit.training.trial_engine import TrialEngine
from tests.factories import make_table, probabilities, tiny_recipe


def nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


CHECKED = [setting.key for setting in settings() if any(isinstance(mark, CheckedBy) for mark in setting.field.metadata)]


@pytest.mark.parametrize("key", CHECKED)
def test_nonsense_that_the_schema_cannot_know_is_found_before_decoding(key, drawn, tmp_path):
    listed = key.rpartition(".")[2] in ("frozen", "trained", "targets")
    changes = nested(key, ["nonsense"] if listed else "nonsense")
    if key == "model.lora.targets":
        changes = {"model": {"lora": {"rank": 2, "targets": ["nonsense"]}}}
    with pytest.raises(UserError, match="nonsense"):
        check(drawn, tiny_recipe(changes), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_all_problems_are_reported_together(drawn, tmp_path):
    changes = {
        "members": {"a": {"model": {"backbone": "resnte18"}, "optimizer": {"name": "adamm"}}, "b": {}},
        "folds": {"group": "family"},
    }
    with pytest.raises(UserError) as caught:
        check(drawn, tiny_recipe(changes), out=tmp_path / "run")
    starts = [problem.split(":")[0] for problem in caught.value.problems]
    assert starts == ["folds.group", "a", "a"]


def test_a_run_fails_before_anything_is_written(drawn, tmp_path):
    recipe = tiny_recipe({"optimizer": {"name": "nonsense"}, "data": {"cache": str(tmp_path / "cache")}})
    with pytest.raises(UserError, match="nonsense"):
        run(drawn, recipe, out=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_run_gives_the_same_probabilities_without_the_check(drawn, tmp_path, monkeypatch):
    recipe = tiny_recipe({"model": {"drop_rate": 0.2}, "training": {"epochs": 1}, "folds": {"train": [0]}})
    run(drawn, recipe, out=tmp_path / "checked")

    class Nothing:
        trainings: Mapping[str, object] = MappingProxyType({})

        def log(self) -> None:
            pass

    monkeypatch.setattr(start, "check_run", lambda *_: Nothing())
    run(drawn, recipe, out=tmp_path / "unchecked")
    found = [probabilities(tmp_path / name / "ensemble" / "oof.npz")[1] for name in ("checked", "unchecked")]
    assert np.array_equal(*found)


def test_finished_networks_are_not_tried_again(drawn, tmp_path, monkeypatch):
    recipe = tiny_recipe({"training": {"epochs": 1}, "folds": {"train": [0]}})
    assert set(check(drawn, recipe, out=tmp_path / "run").trials) == {"test_resnet"}
    run(drawn, recipe, out=tmp_path / "run")
    monkeypatch.setattr(check_stage, "try_training", lambda *_: pytest.fail("a trial was made"))
    assert check(drawn, recipe, out=tmp_path / "run").trials == {}
    run(drawn, recipe, out=tmp_path / "run")


def test_the_student_is_tried_too(drawn, tmp_path):
    student = {"model": {"backbone": "test_vit", "input_size": 160}}
    found = check(drawn, tiny_recipe({"distill": {"enabled": True, "student": student}}), out=tmp_path / "run")
    assert set(found.trials) == {"test_resnet", "test_vit+distilled"}
    assert found.seconds > 0
    with pytest.raises(UserError, match="nearest is 'test_vit'"):
        check(drawn, tiny_recipe({"distill": {"enabled": True, "student": {"model": {"backbone": "test_vitt"}}}}))


def planned(**changes: Any) -> list[PlannedNetwork]:
    recipe = load_recipe(tiny_recipe(changes))
    return [PlannedNetwork("net", recipe, 2, Path.cwd())]


def checked(networks: list[PlannedNetwork], train: int = 4, processes: int = 1):
    table = make_table(train={f"train/{n}.png": n % 2 for n in range(8)})
    rows, engine = np.arange(8), TrialEngine(torch.device("cpu"))
    engine.processes = processes
    return check_networks(networks, [Fold(0, rows[:train], rows[train:])], table, engine, Problems())


@pytest.mark.parametrize(
    ("train", "processes", "training"),
    [
        (1, 1, {}),
        (3, 2, {}),
        (4, 2, {"batch_size": 3}),
        (4, 2, {"epochs": 2, "resize": [{"until": 0.5, "size": 32, "batch_size": 3}]}),
    ],
)
def test_one_image_per_batch_and_process_is_found_before_the_training(train, processes, training):
    networks = planned(training=training)
    with pytest.raises(UserError, match="more than 1 value per channel"):
        checked(networks, train, processes)
    checked(networks, 4, 1)
    checked(planned(training={"epochs": 0, "kernel": "replace"}), train, processes)


def test_weights_that_cannot_be_had(monkeypatch):
    with pytest.raises(UserError, match="model: the weights of test_resnet"):  # the tests are offline
        checked(planned(model={"pretrained": True}))
    monkeypatch.setattr(check_stage, "has_cached_weights", lambda _: False)
    assert "will be downloaded" in "".join(checked(planned(model={"pretrained": True})).notes)


@pytest.mark.parametrize("others", [0.0, 50.0])
def test_a_busy_machine_makes_the_time_a_guess(others, monkeypatch):
    real = check_stage.try_training
    monkeypatch.setattr(check_stage, "try_training", lambda *given: replace(real(*given), spread=0.0, others=others))
    notes = [note for note in checked(planned()).notes if "guess" in note]
    assert len(notes) == (others > 0)
    assert all("other processes use 50.0 of" in note for note in notes)


def test_too_little_memory(monkeypatch):
    assert checked(planned()).memory > 1e6
    monkeypatch.setattr(resources, "memory_of", lambda _: 1_000_000)
    with pytest.raises(UserError, match="of memory"):
        checked(planned())


def test_too_little_disk_space(monkeypatch):
    assert checked(planned()).disk > 1e6
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000, "total": 10**12})())
    with pytest.raises(UserError, match="are free"):
        checked(planned())


def test_more_epochs_take_longer():
    short, long = (checked(planned(training={"epochs": epochs})).seconds for epochs in (1, 200))
    assert long > 5 * short


@pytest.mark.parametrize(
    ("section", "count"),
    [({"k": 3}, 3), ({"k": 3, "train": [0, 2]}, 2), ({"holdout": 0.25}, 1), ({"k": 2, "repeats": 2}, 4)],
)
def test_folds_are_known_without_images(section, count, monkeypatch):
    table = make_table(train={f"train/{n}.png": n % 2 for n in range(12)})
    recipe = load_recipe({"folds": section})
    exact = planned_folds(recipe, table)
    assert len(exact) == count
    monkeypatch.setattr(planned_run, "MANY_ROWS", 5)
    rough = planned_folds(recipe, table)
    assert [fold.number for fold in rough] == [fold.number for fold in exact]
    assert [(len(fold.train), len(fold.valid)) for fold in rough] == [
        (len(fold.train), len(fold.valid)) for fold in exact
    ]


def test_folds_that_cannot_be_made():
    table = make_table(train={"train/a.png": 0, "train/b.png": 1}, columns={"fold": np.array(["1", "1"])})
    for section in ({"column": "fold"}, {"column": "none"}, {"group": "none at all"}):
        with pytest.raises(UserError, match=r"fold|column"):
            planned_folds(load_recipe({"folds": section}), table)


def test_memory_that_others_use_is_noted(monkeypatch):
    state = MemoryState(total=10**12, available=1_000_000, limited=True)
    monkeypatch.setattr(resources, "memory_state", lambda: state)
    notes = "".join(checked(planned()).notes)
    assert "1 MB" in notes
    assert "container" in notes
