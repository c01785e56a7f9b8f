"""Every shipped recipe, with a tiny network of its own kind, through the whole run; and its real network for a step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from sketchfit._timm import timm
from sketchfit.api.run import run
from sketchfit.config.load import load_recipe
from sketchfit.config.shipped import recipe_text, shipped_recipes
from sketchfit.models.backbone import build_network
from sketchfit.synthetic import draw_dataset
from sketchfit.training.optimizers import build_optimizer

SMALL_BACKBONES = {
    "mobilenetv2": "test_efficientnet",
    "test_resnet": "test_resnet",
    "resnet50": "test_resnet",
    "coatnet": "test_coatnet",
    "eva02": "test_vit3",
    "convnextv2": "test_convnext2",
    "convnext_": "test_convnext",
    "vit_": "test_vit",
}
GPU = ("baseline", "coatnet", "convnextv2", "eva02", "gpu-16gb", "gpu-80gb", "gpu-8gb", "strong")


LIKE_OTHERS = ("gpu-16gb", "gpu-80gb")
"""Their tiny networks are those of `strong` and `gpu-8gb`, which run by default."""


def tiny_of(backbone: str) -> str:
    return next(tiny for kind, tiny in SMALL_BACKBONES.items() if backbone.startswith(kind))


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_dataset(tmp_path_factory.mktemp("drawn"), classes=3, per_class=8, test_per_class=2, seed=1).out


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.slow if one in LIKE_OTHERS else ()) for one in shipped_recipes()]
)
def test_a_tiny_network_goes_through_the_whole_run(name, drawings, tmp_path, monkeypatch):
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
    recipe = load_recipe(name)
    overrides = {
        "model": {
            "backbone": tiny_of(recipe.model.backbone),
            "pretrained": False,
            "weights": None,
            "input_size": 64,
            "drop_path_rate": None,
        },
        "folds": {"k": 2, "holdout": None, "train": [0]},
        "training": {"epochs": 3, "batch_size": 4},
        "compute": {"device": "cpu", "precision": "fp32", "threads": 1},
        "tracking": {"progress": "none"},
    }
    result = run(drawings, name, overrides, tmp_path / "run")
    lines = (drawings / "sample_submission.csv").read_text().splitlines()
    assert result.submission is not None
    assert len(result.submission.read_text().splitlines()) == len(lines)
    assert 0 <= result.top1.value <= 1
    assert result.top1.n == 12
    assert len(list((tmp_path / "run").glob("members/*/fold*/model.safetensors"))) == 1


@pytest.mark.parametrize("name", shipped_recipes())
def test_it_opens_with_its_command_its_machine_and_its_figure(name):
    head = [line for line in recipe_text(name).splitlines() if line.startswith("#")]
    text = " ".join(line.lstrip("# ") for line in head)
    assert f"--recipe {name}" in text
    assert "Machine:" in text
    if name in GPU:
        assert "Figure:" in text
        assert "not measured here" in text
    assert all(len(line) <= 120 for line in recipe_text(name).splitlines())


@pytest.mark.parametrize("name", GPU)
def test_its_network_and_weights_exist(name):
    section = load_recipe(name).model
    architecture, _, tag = section.backbone.partition(".")
    assert section.backbone in timm.list_pretrained(architecture)
    assert re.fullmatch(r"\w+", tag)
    with torch.device("meta"):
        model = build_network(section, 7, load_weights=False).model
        logits = model(torch.empty(1, 3, section.size, section.size))
    assert logits.shape == (1, 7)
    assert build_optimizer(model, load_recipe(name).optimizer).param_groups


@pytest.mark.slow
@pytest.mark.parametrize("name", GPU)
def test_its_real_network_takes_a_step(name):
    recipe = load_recipe(name)
    small = {"coatnet": 224, "eva02": 112, "gpu-80gb": 112}.get(name, 64)
    section = recipe.model.model_copy(update={"input_size": small})
    torch.manual_seed(0)
    model = build_network(section, 5, load_weights=False).model.train()
    if recipe.training.grad_checkpointing:
        model.set_grad_checkpointing(True)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)  # the recipe's own holds three times the weights
    before = {name: value.clone() for name, value in model.get_classifier().state_dict().items()}
    loss = torch.nn.functional.cross_entropy(model(torch.randn(2, 3, small, small)), torch.tensor([0, 3]))
    loss.backward()
    optimizer.step()
    assert torch.isfinite(loss)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())
    after = model.get_classifier().state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before)
