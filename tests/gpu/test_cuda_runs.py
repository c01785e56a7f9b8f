"""Complete runs on a GPU: every precision, the same answers as on the CPU, and a resumed run. `pytest -m gpu`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import sketchfit
from sketchfit.api.predict import predict
from sketchfit.config.load import load_recipe
from sketchfit.runs.run import Run
from sketchfit.synthetic import draw_dataset
from sketchfit.training import fit as fit_module
from tests.factories import make_job, tiny_recipe
from tests.training.conftest import train as train

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]


@pytest.fixture(scope="module")
def drawings(tmp_path_factory):
    """120 training and 24 test drawings of 6 classes."""
    return draw_dataset(tmp_path_factory.mktemp("gpu") / "data", classes=6, per_class=20, test_per_class=4).out


def settings(**changes):
    recipe = {
        "compute": {"device": "cuda"},
        "training": {"epochs": 20, "batch_size": 8},
        "inference": {"views": ["hflip"]},
    }
    for section, values in changes.items():
        recipe.setdefault(section, {}).update(values)
    return tiny_recipe(recipe)


def run_with(cli, data, out, recipe):
    path = out.with_suffix(".yaml")
    path.write_text(json.dumps(recipe))
    status, text, errors = cli("run", data, "--recipe", path, "--out", out)
    assert status == 0, errors + text
    return Run.open(out)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("channels_last", [True, False])
def test_a_run_on_the_gpu_learns_in_every_precision(cli, drawings, tmp_path, precision, channels_last):
    recipe = settings(compute={"precision": precision, "channels_last": channels_last})
    run = run_with(cli, drawings, tmp_path / "run", recipe)
    oof = run.oof()
    right = oof.prob.argmax(axis=1) == run.rows.label[oof.row]
    assert np.isfinite(oof.prob).all()
    assert right.mean() > 2 / 6  # twice as often as by chance
    assert run.folder.submission.is_file()


@pytest.mark.parametrize(
    "levers",
    [
        {"averaging": {"ema": True}, "transforms": {"mixing": {"mixup_alpha": 0.4, "cutmix_alpha": 1.0}}},
        {"training": {"accumulation": 2, "clip_grad": 1.0}, "compute": {"precision": "fp16"}},
        {"training": {"resize": [{"until": 3, "size": 24}], "batch_size": "auto"}},
        {"model": {"freeze": {"train": "head"}}},
        {"compute": {"autotune": True}},
        {"optimizer": {"sam": "sam"}},
        {"compute": {"compile": True}},
        {"distill": {"enabled": True}},
        {"claim": {"enabled": True}, "audit": {"enabled": True}},
    ],
    ids=lambda levers: "-".join(f"{key}.{name}" for key, section in levers.items() for name in section),
)
def test_levers_run_on_the_gpu(cli, drawings, tmp_path, levers):
    run = run_with(cli, drawings, tmp_path / "run", settings(**levers))
    assert np.isfinite(run.test().prob).all()


class Killed(Exception):
    pass


def test_a_stopped_training_continues_on_the_gpu(tmp_path: Path, train, monkeypatch):
    recipe = load_recipe(settings(training={"epochs": 2, "checkpoint_minutes": 1e-9, "probe": False}))
    complete = make_job(tmp_path / "complete", recipe)
    expected = train(complete)
    stopped = replace(complete, folder=tmp_path / "stopped")
    real, done = fit_module.update, 0

    def mortal(*arguments):
        nonlocal done
        done += 1
        if done == 7:
            raise Killed
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(fit_module, "update", mortal)
        with pytest.raises(Killed):
            train(stopped)
    found = train(stopped)
    # Sums on a GPU have no fixed order: near, not equal, as long as few updates follow.
    assert all(torch.allclose(found[name].float(), expected[name].float(), atol=2e-2) for name in expected)


def test_a_loaded_run_predicts_on_the_gpu_what_it_predicts_on_the_cpu(cli, drawings, tmp_path):
    run_with(cli, drawings, tmp_path / "run", settings())
    images = sorted((drawings / "test").iterdir())
    on_gpu, on_cpu = sketchfit.load(tmp_path / "run"), sketchfit.load(tmp_path / "run", device="cpu")
    assert (on_gpu.device.type, on_cpu.device.type) == ("cuda", "cpu")
    np.testing.assert_allclose(on_gpu.proba(images), on_cpu.proba(images), atol=1e-3)
    assert on_gpu.explain(images[0]).label == on_gpu.predict(images[0])[0].label
    table = predict(tmp_path / "run", images)
    assert table["label"].tolist() == on_gpu.predict(images).labels


@pytest.mark.parametrize("head", ["rbf", "ridge", "nearest_mean", "knn", "logistic"])
def test_heads_on_frozen_features_are_fitted_and_predict_on_the_gpu(cli, drawings, tmp_path, head):
    kernel = {"use": "replace", "head": head}
    run = run_with(cli, drawings, tmp_path / "run", settings(training={"epochs": 0, "kernel": kernel}))
    images = sorted((drawings / "test").iterdir())
    on_gpu, on_cpu = sketchfit.load(run.path), sketchfit.load(run.path, device="cpu")
    np.testing.assert_allclose(on_gpu.proba(images), on_cpu.proba(images), atol=1e-2)


def test_a_run_with_a_deadline_on_the_gpu(cli, drawings, tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(json.dumps(settings()))
    status, text, errors = cli("run", drawings, "--recipe", path, "--time", "60s", "--out", tmp_path / "run")
    assert status == 0, errors + text
    kinds = {unit.status for unit in Run.open(tmp_path / "run").plan.units}
    assert "done" in kinds
