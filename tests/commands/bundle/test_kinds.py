"""Bundles of each kind of network answer as that network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sketchfit.api.run import run as train
from sketchfit.bundle.manifest import COMPLETE, BundleManifest
from sketchfit.bundle.prepare import prepared
from sketchfit.commands.bundle.chosen_network import ChosenNetwork, choose_network
from sketchfit.commands.bundle.facts import preprocessing_of
from sketchfit.commands.bundle.options import BundleOptions
from sketchfit.commands.bundle.training_images import TrainingDrawings
from sketchfit.commands.bundle.write import write_bundle
from sketchfit.distillation import distill
from sketchfit.inference.calibration import Temperature
from sketchfit.models.backends.eager import eager
from sketchfit.models.compute import Compute
from sketchfit.models.conversion.session import onnx_session
from sketchfit.runs.artefacts import Cost
from sketchfit.runs.run import Run
from tests.factories import tiny_recipe


def check(run: Run, out: Path, chosen: ChosenNetwork) -> BundleManifest:
    """Write the bundle of a network, and compare the graph from images with torch on training drawings."""
    member = chosen.folder.path.parent.name.removesuffix("+refit")
    fold = chosen.folder.fold if chosen.source == "fold" else None
    found = write_bundle(run, out, BundleOptions(member if chosen.source != "student" else None, fold))
    assert (found.network.source, found.network.name) == (chosen.source, chosen.name)
    drawn = TrainingDrawings.of(run).images(np.arange(0, 32, 4))
    images = [image if image.ndim == 3 else image[:, :, None] for _, image in drawn]
    session = onnx_session((out / COMPLETE).read_bytes(), 1)
    answers = np.concatenate([session.run(["probabilities"], {"image": image[None]})[0] for image in images])
    network, settings = chosen.load(run), preprocessing_of(chosen.recipe)
    network.model.eval()
    with torch.inference_mode():
        pictures = np.stack([prepared(image, settings) for image in images])
        prob = eager(network, Compute(torch.device("cpu"), channels_last=False))(pictures)
    expected = Temperature(chosen.temperature).apply(prob)
    np.testing.assert_allclose(answers, expected, atol=1e-3)
    assert (answers.argmax(axis=1) == expected.argmax(axis=1)).all()
    return found


@pytest.fixture(scope="module")
def run(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with folds, a network of all rows and a distilled student."""
    changes: dict[str, Any] = {
        "refit": {"enabled": True},
        "distill": {"enabled": True, "student": {"model": {"input_size": 40}}},
        "training": {"epochs": 1},
    }
    out = tmp_path_factory.mktemp("kinds") / "run"
    counts = {"threads": 1, "images": 1, "ensemble_networks": 2, "student_networks": 2}
    parameters = {"ensemble_parameters": 2, "student_parameters": 2}
    cost = Cost(device="cpu", **counts, **parameters, ensemble_rates=(1.0,), student_rates=(2.0,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distill, "_measure_cost", lambda *_: cost)  # it takes seconds
        train(drawn, tiny_recipe(changes), out=out)
    return Run.open(out)


def test_the_student_comes_first(run: Run, tmp_path: Path) -> None:
    chosen = choose_network(run)
    assert chosen.source == "student"
    found = check(run, tmp_path / "bundle", chosen)
    assert found.preprocessing.size == 40
    assert found.accuracy.network is not None
    assert found.accuracy.network.value == run.student.student.value  # type: ignore[union-attr]
    assert "student" in found.accuracy.measured_on


def test_a_network_of_all_rows(run: Run, tmp_path: Path) -> None:
    chosen = choose_network(run, "test_resnet")
    assert chosen.source == "refit"
    found = check(run, tmp_path / "bundle", chosen)
    assert "this one learnt from all rows" in found.accuracy.measured_on


def test_a_head_in_closed_form_on_colour_and_ink(drawn: Path, tmp_path: Path) -> None:
    changes = {
        "training": {"epochs": 0, "kernel": "replace"},
        "data": {"channels": 3, "resize": "ink"},
        "model": {"input_size": 64},
    }
    train(drawn, tiny_recipe(changes), out=tmp_path / "run")
    opened = Run.open(tmp_path / "run")
    found = check(opened, tmp_path / "bundle", choose_network(opened))
    assert (found.preprocessing.resize, found.preprocessing.channels) == ("ink", 3)
