"""Optimizers: every name steps, and the parameter groups say what the recipe says."""

from __future__ import annotations

import io

import pytest
import torch
from torch import nn

from sketchfit._timm import timm
from sketchfit.config.optimizer import OptimizerSection
from sketchfit.errors import UserError
from sketchfit.training.optimizers import build_optimizer, list_optimizers
from sketchfit.training.schedules import apply_lr


class Tiny(nn.Module):
    """The least that has a matrix, a bias, a norm and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 6)
        self.norm = nn.LayerNorm(6)
        self.head = nn.Linear(6, 3)

    def get_classifier(self) -> nn.Module:
        return self.head

    def forward(self, x):
        return self.head(self.norm(self.fc(x)))


def tiny() -> Tiny:
    torch.manual_seed(0)
    return Tiny()


def by_name(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, dict]:
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = [(names[id(p)], group) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(name for name, _ in found) == sorted(names.values())  # each parameter once
    return dict(found)


@pytest.mark.parametrize(
    ("name", "lookahead"), [*((name, False) for name, _ in list_optimizers()), ("adamw", True), ("sgd", True)]
)
def test_every_listed_optimizer_moves_weights_and_resumes(name, lookahead):
    inputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(1))

    def train(model, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            model(inputs).square().mean().backward()
            optimizer.step()
        return [p.detach().clone() for p in model.parameters()]

    section = OptimizerSection(name=name, lr=0.01, lookahead=lookahead)
    model = tiny()
    start = [p.detach().clone() for p in model.parameters()]
    optimizer = build_optimizer(model, section)
    middle = train(model, optimizer, 2)
    assert all(not torch.equal(a, b) for a, b in zip(start, middle, strict=True))
    assert all(torch.isfinite(p).all() for p in middle)
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    file.seek(0)
    end = train(model, optimizer, 7)

    saved = torch.load(file, weights_only=True)
    again = tiny()
    again.load_state_dict(saved["model"])
    resumed = build_optimizer(again, section)
    resumed.load_state_dict(saved["optimizer"])
    assert all(torch.equal(a, b) for a, b in zip(end, train(again, resumed, 7), strict=True))
    assert all(group["initial_lr"] == 0.01 and group["lr_scale"] == 1 for group in optimizer.param_groups)


def test_list_describes_the_levers_named_in_the_docs():
    names = dict(list_optimizers())
    assert {"sgd", "momentum", "adamw", "lion", "lamb", "muon"} <= set(names)
    assert all(names.values())


def test_sgd_is_nesterov_and_arguments_arrive():
    sgd = build_optimizer(tiny(), OptimizerSection(name="sgd", momentum=0.8))
    assert sgd.param_groups[0]["nesterov"]
    assert sgd.param_groups[0]["momentum"] == 0.8
    adam = build_optimizer(tiny(), OptimizerSection(betas=(0.8, 0.9), eps=1e-6, extra={"amsgrad": True}))
    assert (adam.param_groups[0]["betas"], adam.param_groups[0]["eps"]) == ((0.8, 0.9), 1e-6)
    assert adam.param_groups[0]["amsgrad"]


def test_mistakes_are_reported():
    with pytest.raises(UserError, match="adamv") as caught:
        build_optimizer(tiny(), OptimizerSection(name="adamv"))
    assert "'adam'" in caught.value.problems[0]
    with pytest.raises(UserError, match="wings"):
        build_optimizer(tiny(), OptimizerSection(extra={"wings": 2}))
    assert OptimizerSection.model_validate("lion").name == "lion"


def test_weight_decay_spares_vectors_and_what_the_model_excepts():
    model = timm.create_model("test_vit", num_classes=3)
    groups = by_name(model, build_optimizer(model, OptimizerSection(weight_decay=0.1)))
    for name, parameter in model.named_parameters():
        spared = parameter.ndim == 1 or name in ("pos_embed", "cls_token")
        assert groups[name]["weight_decay"] == (0.0 if spared else 0.1), name


def test_layer_decay_by_depth():
    model = timm.create_model("test_vit", num_classes=3)
    section = OptimizerSection(lr=1.0, layer_decay=0.5, head_lr_scale=4.0)
    groups = by_name(model, build_optimizer(model, section))
    depth = len(model.blocks)
    assert groups["head.weight"]["lr"] == groups["head.bias"]["lr"] == 4.0
    for name, group in groups.items():
        if name.startswith("blocks."):
            assert group["lr"] == pytest.approx(0.5 ** (depth - int(name.split(".")[1]))), name
    assert groups["patch_embed.proj.weight"]["lr"] == pytest.approx(0.5 ** (depth + 1))
    floored = build_optimizer(model, section.model_copy(update={"layer_decay_min": 0.3}))
    assert min(group["lr"] for group in floored.param_groups) == pytest.approx(0.3)


def test_head_rate_alone():
    model = timm.create_model("test_efficientnet", num_classes=3)
    optimizer = build_optimizer(model, OptimizerSection(lr=0.1, head_lr_scale=10))
    apply_lr(optimizer, 0.5)
    for name, group in by_name(model, optimizer).items():
        assert group["lr"] == pytest.approx(0.5 if name.startswith("classifier") else 0.05), name


def test_frozen_parameters_are_held_and_let_be():
    model = tiny()
    model.fc.requires_grad_(False)
    before = model.fc.weight.detach().clone()
    optimizer = build_optimizer(model, OptimizerSection(lr=0.1, weight_decay=0.5))
    assert "fc.weight" in by_name(model, optimizer)
    assert not model.fc.weight.requires_grad
    model(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    assert torch.equal(model.fc.weight, before)
    model.fc.requires_grad_(True)
    model(torch.ones(2, 4)).square().sum().backward()
    optimizer.step()
    assert not torch.equal(model.fc.weight, before)


def test_lookahead_goes_back_half_the_way():
    """Slow weights are first taken at step 6 and met half-way at step 12; worked out with plain SGD, gradient 1."""
    weight = nn.Linear(1, 1, bias=False)
    weight.weight.data.zero_()
    optimizer = build_optimizer(
        weight,
        OptimizerSection(name="sgd", lr=1.0, momentum=0, weight_decay=0, lookahead=True, extra={"nesterov": False}),
    )
    for _ in range(12):
        optimizer.zero_grad()
        weight(torch.ones(1, 1)).sum().backward()
        optimizer.step()
    assert weight.weight.item() == pytest.approx(-9.0)


def test_muon_leaves_head_and_embeddings_to_adamw():
    model = timm.create_model("test_vit", num_classes=3)
    groups = by_name(model, build_optimizer(model, OptimizerSection(name="muon")))
    assert groups["head.weight"].get("use_fallback")
    assert groups["pos_embed"].get("use_fallback")
    assert not groups["blocks.0.mlp.fc1.weight"].get("use_fallback")


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_fused_kernels_make_the_same_steps(name):
    inputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(1))

    def trained(**extra):
        model = tiny()
        optimizer = build_optimizer(model, OptimizerSection(name=name, lr=0.01, weight_decay=0.1, extra=extra))
        for _ in range(5):
            optimizer.zero_grad()
            model(inputs).square().mean().backward()
            optimizer.step()
        return optimizer, [p.detach() for p in model.parameters()]

    fused, weights = trained()
    plain, expected = trained(foreach=False)
    assert all(group["fused"] for group in fused.param_groups)
    assert not any(group["fused"] for group in plain.param_groups)
    for one, other in zip(weights, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam", "adamw"])
def test_a_weight_that_is_unfrozen_later_is_updated(name):
    model = tiny()
    model.fc.requires_grad_(False)
    optimizer = build_optimizer(model, OptimizerSection(name=name, lr=0.01))
    before = model.fc.weight.detach().clone()
    for step in range(4):
        model.fc.requires_grad_(step >= 2)
        optimizer.zero_grad()
        model(torch.ones(2, 4)).square().sum().backward()
        optimizer.step()
    assert not torch.equal(model.fc.weight, before)
