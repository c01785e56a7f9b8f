"""LoRA: nothing changes at first, only the additions and the head learn, and merging gives a plain model back."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from sketchfit._timm import timm
from sketchfit.config.averaging import AveragingSection
from sketchfit.config.freezing import FreezingSection
from sketchfit.config.lora import LoraSection
from sketchfit.config.optimizer import OptimizerSection
from sketchfit.errors import UserError
from sketchfit.models.averaging import EMA
from sketchfit.models.freezing import apply_freezing
from sketchfit.models.lora import add_lora, lora_freezing, merge_lora
from sketchfit.training.optimizers import build_optimizer

SIZE = {"img_size": 64}
IMAGES = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def build(name: str) -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model(
        name, pretrained=False, num_classes=3, **({"zero_init_last": False} if name == "test_resnet" else SIZE)
    )


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("test_vit", LoraSection(rank=2)),
        ("test_coatnet", LoraSection(rank=2)),
        ("eva02_tiny_patch14_224", LoraSection(rank=2)),
        ("test_resnet", LoraSection(rank=2, targets=("*conv2",))),
    ],
)
def test_train_and_merge(name, section):
    model = build(name) if name.startswith("test_") else timm.create_model(name, num_classes=3, img_size=28, depth=1)
    images = IMAGES if name.startswith("test_") else IMAGES[:, :, :28, :28]
    plain = copy.deepcopy(model).eval()
    layers = add_lora(model, section)
    assert torch.equal(model.eval()(images), plain(images))

    table = apply_freezing(model, lora_freezing(model, FreezingSection(batch_norm="frozen")), 0, 5)
    optimizer = build_optimizer(model, OptimizerSection(lr=0.05))
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), torch.tensor([0, 1, 2, 0])).backward()
        optimizer.step()
    moved = {name for name, value in model.named_parameters() if not torch.equal(before[name], value)}
    head = {name for name, _ in model.named_parameters() if name.startswith(("head.", "fc."))}
    head -= {name for name in head if ".norm" in name}
    assert moved == head | {
        f"{layer}.parametrizations.weight.0.lora_{way}" for layer in layers for way in ("up", "down")
    }
    assert table.trainable == sum(before[name].numel() for name in moved)

    ema = EMA(model, AveragingSection())
    ema.update(model)
    apart = model.eval()(images)
    for tuned in (model, ema.module):
        merge_lora(tuned)
        assert tuned.state_dict().keys() == plain.state_dict().keys()
        torch.testing.assert_close(tuned.eval()(images), apart, rtol=1e-4, atol=1e-5)
    for layer in layers:
        change = model.get_submodule(layer).weight - plain.get_submodule(layer).weight
        assert torch.linalg.matrix_rank(change.flatten(1), rtol=1e-4) == 2


def test_the_addition_is_scaled_by_alpha_over_rank():
    model = build("test_vit")
    (layer, *_) = add_lora(model, LoraSection(rank=4, alpha=2.0, targets=("blocks.0.attn.qkv",)))
    module = model.get_submodule(layer)
    addition = module.parametrizations.weight[0]
    nn.init.ones_(addition.lora_up)
    expected = module.parametrizations.weight.original + 0.5 * addition.lora_down.sum(0)
    torch.testing.assert_close(module.weight, expected)


def test_no_layer_is_told():
    with pytest.raises(UserError, match="nothing_like_it") as caught:
        add_lora(build("test_vit"), LoraSection(rank=2, targets=("nothing_like_it", "head")))
    assert "blocks" in caught.value.hint


def test_rank_alone():
    assert LoraSection.model_validate(8).rank == 8


@pytest.mark.parametrize(("name", "args", "same"), [("test_vit", SIZE, True), ("eva02_tiny_patch14_224", {}, False)])
def test_peft_agrees_where_it_reaches_the_weights(name, args, same):
    """The reason not to use peft: EVA02 reads qkv.weight past its wrapper."""
    peft = pytest.importorskip("peft", reason="the library peft is not installed")
    torch.manual_seed(0)
    plain = timm.create_model(name, num_classes=3, **(args or {"img_size": 28, "depth": 1})).eval()
    images = IMAGES if args else IMAGES[:, :, :28, :28]
    own = copy.deepcopy(plain)
    layers = add_lora(own, LoraSection(rank=2))
    config = peft.LoraConfig(r=2, lora_alpha=16, target_modules=list(layers))
    other = peft.inject_adapter_in_model(config, copy.deepcopy(plain)).eval()
    for layer in layers:
        addition, adapter = own.get_submodule(layer).parametrizations.weight[0], other.get_submodule(layer)
        nn.init.normal_(addition.lora_up)
        adapter.lora_A["default"].weight.data.copy_(addition.lora_down)
        adapter.lora_B["default"].weight.data.copy_(addition.lora_up)
    assert torch.allclose(own(images), other(images), atol=1e-6) is same
    assert not torch.allclose(own(images), plain(images), atol=1e-6)
