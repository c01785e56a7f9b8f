"""A kernel head after training, or in place of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.bank.kernel import KernelRidge, KernelSettings
from sketchfit.config.kernel import KernelSection
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.inference.predictor import Predictor
from sketchfit.models.kernel_network import KernelNetwork
from sketchfit.models.saved_network import load_network, save_network
from sketchfit.tracking.console import Console
from sketchfit.training.engine import make_engine
from sketchfit.training.kernel_head import first_settings, temperature_of_certainty, with_kernel_head
from sketchfit.training.seed_soup import train_network
from tests.factories import make_store, tiny_recipe

CPU = torch.device("cpu")
CLOSED_FORM = {"training": {"epochs": 0, "kernel": "replace", "probe": True}}


def trained(job):
    network = train_network(job, make_engine(job.recipe.compute), Console("none"))
    return with_kernel_head(job, network, CPU, Console("none"))[0]


def accuracy(job, network):
    prob = Predictor.of(network, job.recipe, CPU, backend="eager").probabilities(job.store, job.valid_rows)
    return (prob.argmax(axis=1) == job.label[job.valid_rows]).mean()


def test_a_frozen_backbone_with_a_kernel_head_is_better_than_chance(tiny_job):
    job = tiny_job(CLOSED_FORM)
    network = trained(job)
    assert isinstance(network.model, KernelNetwork)
    assert accuracy(job, network) > 0.6
    assert (job.folder / "history.csv").is_file()


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_features_of_grey_and_then_of_coloured_pictures(tiny_job, backend):
    pytest.importorskip(backend)
    job = tiny_job(CLOSED_FORM | {"inference": {"backend": backend}})
    network = train_network(job, make_engine(job.recipe.compute), Console("none"))
    _, predictor = with_kernel_head(job, network, CPU, Console("none"))
    coloured = make_store(np.repeat(job.store.images, 3, axis=3), Path("coloured"))
    expected = predictor.probabilities(job.store, job.valid_rows)
    assert predictor.probabilities(coloured, job.valid_rows) == pytest.approx(expected, abs=1e-3)


def test_labels_of_validation_rows_change_nothing(tiny_job):
    job = tiny_job(CLOSED_FORM)
    before = trained(job).model.state_dict()
    job.label[job.valid_rows] = 0
    after = trained(job).model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("epochs", [0, 1])
def test_a_network_with_lora_is_saved_as_it_is_read(tiny_job, tmp_path, epochs):
    job = tiny_job({"model": {"backbone": "test_vit", "lora": 2}, "training": {"epochs": epochs, "kernel": "replace"}})
    network = trained(job)
    save_network(tmp_path, network, job.recipe)
    read = load_network(tmp_path, job.recipe, job.class_count)
    assert read.model.state_dict().keys() == network.model.state_dict().keys()
    before, after = (Predictor.of(one, job.recipe, CPU, backend="eager") for one in (network, read))
    rows = job.valid_rows
    assert np.array_equal(before.probabilities(job.store, rows), after.probabilities(job.store, rows))


def test_a_penalty_that_is_too_small_is_a_clear_error(tiny_job, monkeypatch):
    def singular(*_):
        raise ValueError("the penalty 1e-300 is too small for these features")

    monkeypatch.setattr(KernelRidge, "of", singular)
    with pytest.raises(UserError, match="too small"):
        trained(tiny_job(CLOSED_FORM))


@pytest.mark.parametrize("use", ["replace", "blend"])
def test_a_trained_network_gets_a_kernel_head(tiny_job, use):
    job = tiny_job({"training": {"epochs": 6, "kernel": use}})
    network = trained(job)
    assert isinstance(network.model, KernelNetwork)
    assert bool(network.model.blend) == (use == "blend")
    assert accuracy(job, network) > 0.35


def test_without_the_setting_the_network_stays_as_it_is(tiny_job):
    job = tiny_job({"training": {"epochs": 1}})
    network = train_network(job, make_engine(job.recipe.compute), Console("none"))
    assert with_kernel_head(job, network, CPU, Console("none")) == (network, None)


def test_settings_of_another_head_are_not_those_of_a_kernel_head():
    assert first_settings(KernelSection(head="rbf", strength=3.0)) == KernelSettings(0.25, 3.0)
    assert first_settings(KernelSection(head="ridge", strength=3.0)) == KernelSettings(0.25, 0.03)


@given(st.integers(0, 1000), st.floats(0.3, 0.95))
def test_the_temperature_gives_the_wanted_certainty(seed, wanted):
    scores = np.random.default_rng(seed).normal(size=(30, 4)).astype(np.float32)
    values = scores / temperature_of_certainty(scores, wanted)
    prob = np.exp(values - np.log(np.exp(values).sum(axis=1, keepdims=True)))
    assert prob.max(axis=1).mean() == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize(
    "changes",
    [
        {"training": {"epochs": 0}},
        {"training": {"epochs": 0, "kernel": "blend"}},
        {"training": {"kernel": "replace"}, "soup": {"folds": True}},
    ],
)
def test_contradictions_are_refused(changes):
    with pytest.raises(UserError):
        load_recipe(tiny_recipe(changes))


def test_a_run_without_epochs_is_complete(cli, drawn, tiny_file, tmp_path):
    settings = [
        part
        for one in (
            "training.epochs=0",
            "refit.enabled=true",
            "training.kernel=replace",
            "report.enabled=true",
            "audit.enabled=true",
            "claim.enabled=true",
            "inference.views=[hflip]",
        )
        for part in ("--set", one)
    ]
    status, text, errors = cli("run", drawn, "--recipe", tiny_file, "--out", tmp_path / "run", *settings)
    assert status == 0, errors + text
    status, _, errors = cli("predict", tmp_path / "run", drawn / "test", "--out", tmp_path / "new.csv")
    assert status == 0, errors
    status, _, errors = cli("export", tmp_path / "run", "--out", tmp_path / "network.onnx")
    assert status == 0, errors
