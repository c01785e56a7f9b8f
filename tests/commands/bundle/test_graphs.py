"""The graph from images answers as torch does, for each way of making an image square and for images of any shape."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.bundle.manifest import COMPLETE
from sketchfit.commands.bundle import graphs
from sketchfit.commands.bundle.chosen_network import ChosenNetwork
from sketchfit.commands.bundle.graphs import write_graphs
from sketchfit.commands.bundle.job import BundleJob
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network
from sketchfit.models.conversion.checked_graph import checked_graph
from sketchfit.models.conversion.preprocess_graph import complete_model
from sketchfit.runs.networks import NetworkFolder

RESIZES = ("pad", "stretch", "crop", "ink")


@lru_cache(maxsize=16)
def job_of(resize: str, channels: Any) -> BundleJob:
    """A bundle of a network with random weights."""
    torch.manual_seed(0)
    model = {"backbone": "test_resnet", "pretrained": False, "input_size": 32}
    recipe = load_recipe({"model": model, "data": {"resize": resize, "channels": channels}})
    network = build_network(recipe.model, 5)
    with torch.no_grad():
        network.model.get_classifier().weight.mul_(30)  # else all answers are nearly equal
    checked = checked_graph(network, 32, 1 if channels == 1 else 3, features=True)
    chosen = ChosenNetwork("fold", NetworkFolder(Path("members/a/fold0")), recipe, None, None)
    nothing: Any = None
    return BundleJob(nothing, chosen, network, checked, Path("nowhere"))


@lru_cache(maxsize=16)
def session(resize: str, channels: Any) -> onnxruntime.InferenceSession:
    job = job_of(resize, channels)
    return onnxruntime.InferenceSession(complete_model(job.steps, job.checked.graph))


@pytest.mark.parametrize("resize", RESIZES)
@pytest.mark.parametrize("channels", [1, "auto"])
@settings(max_examples=8)
@given(height=st.integers(2, 100), width=st.integers(2, 100), colours=st.sampled_from([1, 3]), seed=st.integers(0, 9))
def test_answers_are_torchs(resize: str, channels: Any, height: int, width: int, colours: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(2):
        image = np.full((height, width, colours), rng.integers(180, 256, colours), np.uint8)
        top, left = rng.integers(0, height), rng.integers(0, width)
        image[top : top + height // 3 + 1, left : left + width // 5 + 1] = rng.integers(0, 120, colours)
        images.append(image)
    found = session(resize, channels).run(["probabilities"], {"image": np.stack(images)})[0]
    expected = job_of(resize, channels).by_torch(images)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_answers_differ_between_images() -> None:
    """Otherwise the comparison above would show nothing."""
    from sketchfit.commands.bundle.vector import compared_images

    prob = job_of("pad", "auto").by_torch(compared_images())
    assert np.abs(prob - prob[0]).max() > 0.05


def test_a_graph_that_answers_otherwise_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = replace(job_of("pad", "auto"), folder=tmp_path)

    def stretched(steps: Any, network: bytes) -> bytes:
        return complete_model(replace(steps, resize="stretch"), network)

    assert write_graphs(job, {}, 1) > 0
    assert (tmp_path / COMPLETE).is_file()
    (tmp_path / COMPLETE).unlink()
    monkeypatch.setattr(graphs, "complete_model", stretched)
    with pytest.raises(UserError, match="differ by"):
        write_graphs(job, {}, 1)
    assert not (tmp_path / COMPLETE).exists()
