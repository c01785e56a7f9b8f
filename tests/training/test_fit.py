"""The loop: what a resumed training ends with, what it records, what it reports."""

from __future__ import annotations

import copy
import csv
import itertools
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.data import batches as batches_module
from sketchfit.data.store import Store
from sketchfit.errors import UserError
from sketchfit.inference.predictor import Predictor
from sketchfit.models.network import Network
from sketchfit.tracking.console import Console
from sketchfit.training import fit as fit_module
from sketchfit.training.engine import make_engine
from sketchfit.training.fit import fit
from sketchfit.training.job import FitJob
from tests.factories import make_store

ROWS, CLASSES = 48, 3
TRAIN, VALID = np.arange(36), np.arange(36, ROWS)


def bars(rows: int = ROWS, seed: int = 0) -> tuple[Store, np.ndarray]:
    """Easy: class k is a dark bar in the k-th third of the page."""
    rng = np.random.default_rng(seed)
    label = np.arange(rows) % CLASSES
    images = np.full((rows, 36, 36, 1), 255, np.uint8)
    for row, of_class in enumerate(label):
        at = 12 * of_class + rng.integers(1, 7)
        images[row, :, at : at + 5] = rng.integers(0, 60)
    return make_store(images), label.astype(np.int64)


STORE, LABEL = bars()


def recipe_of(tiny: dict[str, Any], **changes: Any) -> Recipe:
    base = {**copy.deepcopy(tiny), "transforms": {"policy": "light"}}
    base["training"] |= {"epochs": 3, "checkpoint_minutes": 0}
    return load_recipe(base, changes)


def job_of(recipe: Recipe, folder: Path, **changes: Any) -> FitJob:
    given: dict[str, Any] = {
        "name": "tiny/fold0",
        "recipe": recipe,
        "store": STORE,
        "label": LABEL,
        "class_count": CLASSES,
        "train_rows": TRAIN,
        "valid_rows": VALID,
        "folder": folder,
        "fingerprint": "f",
        "seed": recipe.seed,
    }
    folder.mkdir(exist_ok=True)
    return FitJob(**(given | changes))


def train(recipe: Recipe, folder: Path, **changes: Any) -> Network:
    job = job_of(recipe, folder, **changes)
    return fit(job, make_engine(recipe.compute), Console("none"))


def history(folder: Path) -> list[dict[str, str]]:
    with (folder / "history.csv").open() as file:
        return list(csv.DictReader(file))


def without_times(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{k: v for k, v in row.items() if k not in {"seconds", "images_per_second"}} for row in rows]


def assert_same(one: Network, other: Network) -> None:
    expected, found = one.model.state_dict(), other.model.state_dict()
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        assert torch.equal(value, found[name]), name


class Killed(BaseException):
    """No handler of errors may see it, as none sees a SIGKILL."""


def killed_after(monkeypatch: pytest.MonkeyPatch, updates: int) -> None:
    """Make the next training die before its update number `updates` (from 0)."""
    real, count = fit_module.update, itertools.count()

    def dying(*args: Any, **kwargs: Any) -> Any:
        if next(count) == updates:
            raise Killed
        return real(*args, **kwargs)

    monkeypatch.setattr(fit_module, "update", dying)


LEVERS: dict[str, dict[str, Any]] = {
    "ema": {"averaging": {"ema": True, "ema_decay": 0.9}},
    "plain": {"averaging": {"ema": False}, "optimizer": {"name": "sgd", "lr": 0.05}},
    "swa": {"averaging": {"ema": False, "swa": True, "swa_start": 0.3}},
    "lookahead": {"optimizer": {"lookahead": True}},
    "sam": {"optimizer": {"sam": "sam", "name": "sgd"}},
    "gradual": {"model": {"freeze": {"train": "gradual", "gradual_epochs": 1}}},
    "accumulation": {"training": {"accumulation": 3}, "model": {"drop_rate": 0.3}},
    "best": {"training": {"checkpoint": "best"}},
    "wise_ft": {"averaging": {"wise_ft": 0.6}},
    "plateau": {"schedule": {"name": "plateau", "plateau_patience": 0}},
    "curriculum": {
        "transforms": {
            "curriculum": [{"until": 1, "policy": "flips"}, {"policy": "sketch", "lr_scale": 0.5}],
            "mixing": {"mixup_alpha": 0.4, "cutmix_alpha": 1.0, "end": 0.7},
        },
        "loss": {"r_drop": 0.5},
        "model": {"drop_rate": 0.2},
    },
}

RARE = ("plain", "lookahead", "gradual", "wise_ft", "plateau")
"""Tested in the slow tier."""


@pytest.mark.parametrize("lever", [pytest.param(one, marks=pytest.mark.slow) if one in RARE else one for one in LEVERS])
def test_a_killed_training_ends_bit_for_bit_where_an_undisturbed_one_does(
    lever: str, tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_of(tiny, **LEVERS[lever])
    whole = train(recipe, tmp_path / "whole")
    often = recipe.model_copy(update={"training": recipe.training.model_copy(update={"checkpoint_minutes": 1e-9})})
    updates = 4 if lever != "accumulation" else 2
    # In the middle of an epoch, just after an epoch, again in the middle, and once before the first update.
    for dies_before in (1, updates, updates - 1, 0):
        with monkeypatch.context() as patch:
            killed_after(patch, dies_before)
            with pytest.raises(Killed):
                train(often, tmp_path / "killed")
    resumed = train(often, tmp_path / "killed")
    assert_same(whole, resumed)
    assert without_times(history(tmp_path / "killed")) == without_times(history(tmp_path / "whole"))


def test_a_finished_training_is_not_done_again(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_of(tiny, averaging={"swa": True})
    first = train(recipe, tmp_path / "a")
    killed_after(monkeypatch, 0)
    assert_same(first, train(recipe, tmp_path / "a"))


def test_a_checkpoint_of_another_training_is_not_used(tiny: dict[str, Any], tmp_path: Path) -> None:
    recipe = recipe_of(tiny)
    first = train(recipe, tmp_path / "a")
    train(recipe, tmp_path / "b", seed=5, fingerprint="other")
    assert_same(first, train(recipe, tmp_path / "b", fingerprint="f"))


def test_threads_change_nothing(tiny: dict[str, Any], tmp_path: Path) -> None:
    one = train(recipe_of(tiny, compute={"threads": 1}), tmp_path / "one")
    assert_same(one, train(recipe_of(tiny, compute={"threads": 4}), tmp_path / "four"))


def test_a_seed_decides(tiny: dict[str, Any], tmp_path: Path) -> None:
    one = train(recipe_of(tiny), tmp_path / "one")
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002 - the point: nothing depends on it
    assert_same(one, train(recipe_of(tiny), tmp_path / "again"))
    other = train(recipe_of(tiny, seed=1), tmp_path / "other")
    assert not torch.equal(one.model.state_dict()["fc.weight"], other.model.state_dict()["fc.weight"])


def test_history_rows(tiny: dict[str, Any], tmp_path: Path) -> None:
    recipe = recipe_of(tiny, training={"epochs": 5, "validate_every": 2, "batch_size": 10}, schedule="constant")
    train(recipe, tmp_path / "a")
    rows = history(tmp_path / "a")
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row["images"] for row in rows] == ["30"] * 5  # 36 rows make 3 batches of 10
    assert [row["valid_accuracy"] != "" for row in rows] == [False, True, False, True, True]
    assert all(float(row["lr"]) == pytest.approx(recipe.optimizer.lr) for row in rows)
    assert all(0 <= float(row["train_accuracy"]) <= 1 for row in rows)
    assert all(float(row["train_loss"]) > 0 for row in rows)


def test_the_first_loss_is_that_of_guessing(tiny: dict[str, Any], tmp_path: Path) -> None:
    recipe = recipe_of(tiny, training={"epochs": 1}, optimizer={"lr": 1e-9}, loss={"smoothing": 0.0})
    train(recipe, tmp_path / "a")
    assert float(history(tmp_path / "a")[0]["train_loss"]) == pytest.approx(np.log(CLASSES), abs=0.35)


def test_it_learns_an_easy_task(tiny: dict[str, Any], tmp_path: Path) -> None:
    recipe = recipe_of(
        tiny, training={"epochs": 12}, optimizer={"lr": 5e-3}, averaging={"ema_decay": 0.9}, transforms={"policy": []}
    )
    train(recipe, tmp_path / "a")
    rows = history(tmp_path / "a")
    assert float(rows[-1]["train_loss"]) < 0.6 * float(rows[0]["train_loss"])
    assert float(rows[-1]["valid_accuracy"]) >= 0.9


def test_validation_accuracy_is_that_of_the_reported_network(tiny: dict[str, Any], tmp_path: Path) -> None:
    for name, averaging in (("ema", {"ema": True, "ema_decay": 0.8}), ("last", {"ema": False})):
        recipe = recipe_of(tiny, averaging=averaging, training={"epochs": 4}, optimizer={"lr": 5e-3})
        network = train(recipe, tmp_path / name)
        prob = predict(network, recipe, VALID)
        accuracy = (prob.argmax(axis=1) == LABEL[VALID]).mean()
        assert float(history(tmp_path / name)[-1]["valid_accuracy"]) == pytest.approx(accuracy, abs=1e-6)
        np.testing.assert_allclose(prob.sum(axis=1), 1, rtol=1e-5)
        assert not network.model.training


def predict(network: Network, recipe: Recipe, rows: np.ndarray, batch_size: int = 5) -> np.ndarray:
    inference = recipe.inference.model_copy(update={"batch_size": batch_size})
    recipe = recipe.model_copy(update={"inference": inference})
    return Predictor.of(network, recipe, torch.device("cpu")).probabilities(STORE, rows)


def test_probabilities_do_not_depend_on_the_batch(tiny: dict[str, Any], tmp_path: Path) -> None:
    recipe = recipe_of(tiny, training={"epochs": 1})
    network = train(recipe, tmp_path / "a")
    whole = predict(network, recipe, np.arange(ROWS), 64)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(predict(network, recipe, np.arange(ROWS), 7), whole, atol=1e-5)
    np.testing.assert_allclose(predict(network, recipe, np.arange(ROWS)[::-1], 7), whole[::-1], atol=1e-5)


def test_best_reports_the_best_epoch(tiny: dict[str, Any], tmp_path: Path) -> None:
    settings = {"training": {"epochs": 6, "checkpoint": "best"}, "optimizer": {"lr": 0.02, "name": "sgd"}}
    recipe = recipe_of(tiny, **settings, averaging={"ema": False})
    network = train(recipe, tmp_path / "a")
    best = max(float(row["valid_accuracy"]) for row in history(tmp_path / "a"))
    found = (predict(network, recipe, VALID).argmax(axis=1) == LABEL[VALID]).mean()
    assert found == pytest.approx(best, abs=1e-6)


def test_accumulated_batches_are_one_large_batch(tiny: dict[str, Any], tmp_path: Path) -> None:
    """On a network without batch norm: 2 × 6 and 12 images make the same updates."""
    vit = {"backbone": "test_vit"}
    common = {"model": vit, "averaging": {"ema": False}, "optimizer": {"name": "momentum", "lr": 0.02}}
    large = train(recipe_of(tiny, **common, training={"batch_size": 12}), tmp_path / "large")
    parts = train(recipe_of(tiny, **common, training={"batch_size": 6, "accumulation": 2}), tmp_path / "parts")
    start = train(recipe_of(tiny, **common, training={"batch_size": 12, "epochs": 1}), tmp_path / "start")
    expected, found = large.model.state_dict(), parts.model.state_dict()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-5)
    assert not torch.allclose(expected["head.weight"], start.model.state_dict()["head.weight"], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("lr", [1e30])
def test_a_loss_that_is_not_finite_is_told(tiny: dict[str, Any], tmp_path: Path, lr: float) -> None:
    recipe = recipe_of(tiny, optimizer={"name": "sgd", "lr": lr})
    with pytest.raises(UserError, match="loss is not finite") as caught:
        train(recipe, tmp_path / "a")
    assert "optimizer.lr" in caught.value.hint


def test_every_image_is_prepared_once_an_epoch(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole epochs: each training row once (but for the last incomplete batch), and never a validation row."""
    seen: list[int] = []
    real = batches_module.load_batches

    def watched(store: Store, batches: list[np.ndarray], *args: Any) -> Any:
        for batch in real(store, batches, *args):
            seen.extend(batch.rows.tolist())
            yield batch

    monkeypatch.setattr("sketchfit.training.pictures.load_batches", watched)
    train(recipe_of(tiny, training={"epochs": 2, "batch_size": 12}), tmp_path / "a")
    assert sorted(seen[:36]) == sorted(seen[36:]) == TRAIN.tolist()
    assert seen[:36] != seen[36:]


def test_fewer_rows_than_a_batch(tiny: dict[str, Any], tmp_path: Path) -> None:
    train(recipe_of(tiny, training={"batch_size": 500, "epochs": 2}), tmp_path / "a")
    assert [row["images"] for row in history(tmp_path / "a")] == ["36", "36"]


def test_no_validation_rows(tiny: dict[str, Any], tmp_path: Path) -> None:
    recipe = recipe_of(tiny, training={"checkpoint": "best", "epochs": 2})
    train(recipe, tmp_path / "a", train_rows=np.arange(ROWS), valid_rows=np.arange(0))
    assert [row["valid_accuracy"] for row in history(tmp_path / "a")] == ["", ""]


def test_more_processes_than_images_a_batch_are_named(
    tiny: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Three:
        processes, is_main = 3, True

        def start_again(self) -> None:
            raise KeyboardInterrupt

    console = Console("none")
    monkeypatch.setattr(logging.getLogger("sketchfit"), "propagate", True)  # which the console switched off
    with caplog.at_level(logging.WARNING), pytest.raises(KeyboardInterrupt):
        fit(job_of(recipe_of(tiny, training={"batch_size": 2}), tmp_path), Three(), console)  # type: ignore[arg-type]
    assert "3 processes share batches of 2 images" in caplog.text
