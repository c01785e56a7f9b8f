from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.training import trial as trial_module
from sketchfit.training import trial_times as times_module
from sketchfit.training.trial import try_training
from sketchfit.training.trial_caches import CachedValues
from sketchfit.training.trial_job import FEW
from tests.factories import tiny_recipe

CPU = torch.device("cpu")

pytestmark = pytest.mark.usefixtures("timed_trials")


def tried(folder: Path, **changes):
    return try_training(load_recipe(tiny_recipe(changes)), 3, CPU, folder)


def test_sizes_are_those_of_the_network(tmp_path):
    found = tried(tmp_path, averaging={"ema": False}, optimizer={"name": "momentum", "momentum": 0.0})
    network = 4 * found.parameters
    assert network <= found.weights < 1.1 * network  # with the buffers of batch norm
    assert found.checkpoint == found.weights
    assert found.state == found.weights + network  # gradients
    assert found.activations > 4 * 32 * 32
    assert found.training_seconds > 0
    assert found.prediction_seconds > 0
    assert list(tmp_path.iterdir()) == []


def test_the_optimizer_and_the_average_are_counted(tmp_path):
    found = tried(tmp_path, averaging={"ema": True}, optimizer={"name": "adamw"})
    assert found.state > 4.9 * 4 * found.parameters  # weights, gradients, two moments, moving average
    assert found.checkpoint > 3.9 * 4 * found.parameters


def test_checkpointing_keeps_fewer_activations(tmp_path):
    kept = [tried(tmp_path, training={"grad_checkpointing": on}).activations for on in (False, True)]
    assert kept[1] < kept[0]


def test_randomness_stays_as_it_was(tmp_path):
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    tried(tmp_path, model={"drop_rate": 0.3}, training={"probe": True}, transforms={"mixing": {"mixup_alpha": 0.4}})
    after = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


@pytest.mark.parametrize(
    "changes",
    [
        {"training": {"resize": [{"until": 1, "size": 64}]}},
        {"training": {"probe": True}},
        {"model": {"backbone": "resnetv2_18"}, "training": {"probe": True}},
        {"model": {"freeze": "gradual"}},
        {"model": {"freeze": "head"}, "transforms": {"policy": "none"}},
        {"model": {"backbone": "test_vit", "lora": 2, "input_size": 160}},
        {"loss": {"name": "focal", "supcon": 0.1, "class_weights": "balanced"}},
        {"loss": {"distill": 0.5}},
        {"optimizer": {"sam": "sam", "lookahead": True, "layer_decay": 0.8}, "averaging": {"wise_ft": 0.5}},
        {"transforms": {"curriculum": [{"until": 1, "policy": "none"}, {"policy": "strokes"}]}},
        {"training": {"accumulation": 4, "batch_size": 2, "clip_grad": 1.0, "checkpoint": "best"}},
        {"compute": {"precision": "bf16", "channels_last": False}},
        {"training": {"sampling": "balanced"}},
    ],
    ids=str,
)
def test_settings_of_all_kinds_pass(changes, tmp_path):
    recipe = load_recipe(tiny_recipe({key: value for key, value in changes.items() if key != "loss"}))
    if "loss" in changes:  # a student's loss, which no member may have
        recipe = recipe.model_copy(update={"loss": type(recipe).model_validate({"loss": changes["loss"]}).loss})
    assert try_training(recipe, 3, CPU, tmp_path).parameters > 1000


@pytest.mark.parametrize(("policy", "dimensions"), [("none", {4, 2}), ("light", {4})])
def test_a_head_alone_is_tried_on_features_too(policy, dimensions, tmp_path, monkeypatch):
    seen, real = set(), trial_module.update

    def watched(state, micros, *rest):
        seen.update(micro.images.ndim for micro in micros)
        return real(state, micros, *rest)

    monkeypatch.setattr(trial_module, "update", watched)
    tried(tmp_path, model={"backbone": "resnetv2_18", "freeze": "head"}, transforms={"policy": policy})
    assert seen == dimensions


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": {"backbone": "resnte18"}}, "the nearest is 'resnet18'"),
        ({"model": {"backbone": "resnet18.nonsense"}}, "no weights with the tag 'nonsense'"),
        ({"model": {"args": {"nonsense": 1}}}, "model.args"),
        ({"model": {"freeze": {"frozen": ["nonsense"]}}}, "'nonsense' matches no parameter"),
        ({"model": {"freeze": {"train": "from", "first": 99}}}, "model.freeze.first"),
        ({"model": {"backbone": "test_vit", "input_size": 160, "lora": {"rank": 2, "targets": ["none"]}}}, "lora"),
        ({"optimizer": {"name": "nonsense"}}, "no optimizer 'nonsense'"),
        ({"optimizer": {"extra": {"nonsense": 1}}}, "nonsense"),
        pytest.param(
            {"optimizer": {"betas": [0.9, 0.9, 0.9]}},
            "training step fails",
            marks=pytest.mark.skipif(torch.__version__ >= "2.14", reason="that torch takes a third number"),
        ),
        ({"training": {"batch_size": 1}}, "more than 1 value per channel"),
        ({"training": {"batch_size": 1}}, "raise training.batch_size"),
    ],
    ids=str,
)
def test_what_fails_in_training_fails_in_the_trial(changes, words, tmp_path):
    with pytest.raises(UserError) as caught:
        tried(tmp_path, **changes)
    assert words in str(caught.value)


@pytest.mark.parametrize("compiles", [True, False])
def test_a_compiler_that_is_missing_is_found_before_the_training(compiles, tmp_path, monkeypatch):
    def missing(model):
        raise RuntimeError("Failed to find C compiler.\nTraceback:\n …")

    monkeypatch.setattr(torch, "compile", (lambda model: model) if compiles else missing)
    tried(tmp_path)  # compute.compile is off
    if compiles:
        tried(tmp_path, compute={"compile": True})
        return
    with pytest.raises(UserError, match=r"compute\.compile") as caught:
        tried(tmp_path, compute={"compile": True})
    assert "compute.compile=false" in caught.value.hint


def test_a_batch_that_does_not_fit_is_not_timed(tmp_path, monkeypatch):
    real, sizes = times_module.update, []

    def small_memory(state, micros, *others):
        sizes.append(len(micros[0].images))
        if sizes[-1] > FEW:
            raise torch.OutOfMemoryError("no memory for a complete batch")
        return real(state, micros, *others)

    monkeypatch.setattr(times_module, "update", small_memory)
    found = tried(tmp_path, training={"batch_size": 8})
    assert found.training_seconds > 0
    assert max(sizes) == 8  # a complete batch was tried


def test_a_disturbed_batch_does_not_count(tmp_path, monkeypatch):
    """The first measurement of each complete batch takes 50 times as long as those that follow."""
    seen = set()

    def took(kind, images):
        first = images > FEW and kind not in seen
        seen.update([kind] if images > FEW else [])
        return 0.001 * images * (50 if first else 1)

    real, kinds = times_module.timed, {"now": 0}
    monkeypatch.setattr(
        times_module, "update", lambda _, micros, *__: kinds.update(now=("train", len(micros[0].images)))
    )
    predictor = type("Fake", (), {"probabilities": lambda _, store, rows: kinds.update(now=("predict", len(rows)))})
    monkeypatch.setattr(times_module.Predictor, "of", lambda *_, **__: predictor())

    def timed(work, device):
        real(work, device)
        return took(*kinds["now"])

    monkeypatch.setattr(times_module, "timed", timed)
    found = tried(tmp_path, training={"batch_size": 8})
    assert found.training_seconds == pytest.approx(0.001)
    assert found.prediction_seconds == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("group", "kernel", "freeze", "expected"),
    [
        ("none", "none", {}, (False, False)),
        ("none", "blend", {}, (False, False)),
        ("none", "replace", {}, (True, False)),
        ("auto", "none", {}, (True, False)),
        ("none", "none", {"train": "from", "first": 3, "copies": 2}, (False, True)),
    ],
)
def test_what_a_training_adds_to_the_cache_is_known(group, kernel, freeze, expected, tmp_path):
    changes = {"model": {"freeze": freeze}, "folds": {"group": group}}
    found = tried(tmp_path, **changes, training={"kernel": kernel, "epochs": 1}).cached
    assert (found.features > 0, found.maps > 0) == expected
    more = tried(tmp_path, **changes, training={"kernel": kernel, "epochs": 3}).cached
    assert more == CachedValues(found.features, 2 * found.maps)  # one copy per epoch, at most those of the recipe


def test_a_time_is_a_guess_where_others_use_the_cores(tmp_path, monkeypatch):
    monkeypatch.setattr("sketchfit.processors.OtherLoad.cores", lambda _: 1000.0)
    found = tried(tmp_path)
    assert found.others == 1000.0
    assert found.doubt(1)
