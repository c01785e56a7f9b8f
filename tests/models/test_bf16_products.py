"""Products in bf16, compared with torch's own convolutions and linear layers in fp32 and float64."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sketchfit._timm import timm
from sketchfit.models import bf16_products as module
from sketchfit.models.bf16_products import bf16_products, has_bf16_products

ROUNDING = 2.0**-7
"""Relative error of a product of two numbers that are rounded to 8 bits."""


def images(channels: int, size: int = 5) -> Tensor:
    return torch.randn(3, channels, size, size, generator=torch.Generator().manual_seed(channels))


def with_gradients(layer: nn.Module, given: Tensor) -> list[Tensor]:
    """The output, and the gradients of the input and of the weights."""
    given = given.clone().requires_grad_()
    layer.zero_grad()
    out = layer(given)
    out.backward(torch.linspace(-1, 1, out.numel()).view_as(out))
    return [out.detach(), given.grad, *(parameter.grad.clone() for parameter in layer.parameters())]


def close(found: Tensor, wanted: Tensor) -> bool:
    """Whether numbers differ by no more than the rounding of products of this size."""
    return bool((found - wanted).abs().max() <= 4 * ROUNDING * wanted.abs().max())


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("format_of", [torch.channels_last, torch.contiguous_format])
def test_a_pointwise_convolution_is_a_product(bias: bool, format_of: torch.memory_format) -> None:
    torch.manual_seed(0)
    layer, given = nn.Conv2d(12, 20, 1, bias=bias), images(12).contiguous(memory_format=format_of)
    plain = with_gradients(layer, given)
    with bf16_products():
        found = with_gradients(layer, given)
    assert found[0].shape == plain[0].shape
    assert all(one.dtype is torch.float32 for one in found)
    assert all(close(one, other) for one, other in zip(found, plain, strict=True))


def test_without_rounding_a_product_is_the_convolution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "set_float32_matmul_precision", lambda _: None)
    torch.manual_seed(0)
    layer, given = nn.Conv2d(12, 20, 1).double(), images(12).double()
    with bf16_products():
        found = with_gradients(layer, given)
    assert all(torch.allclose(one, other) for one, other in zip(found, with_gradients(layer, given), strict=True))


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(12, 20, 1, stride=2),
        nn.Conv2d(12, 20, 1, stride=(1, 2)),
        nn.Conv2d(12, 20, 1, padding=1),
        nn.Conv2d(12, 20, 1, padding=(0, 1)),
        nn.Conv2d(12, 20, 1, groups=4),
        nn.Conv2d(12, 20, (1, 3), padding="same"),
    ],
    ids=str,
)
def test_other_convolutions_are_left_to_torch(layer: nn.Module) -> None:
    given = images(12)
    with bf16_products():
        found = with_gradients(layer, given)
    assert all(close(one, other) for one, other in zip(found, with_gradients(layer, given), strict=True))


@pytest.mark.parametrize("layer", [nn.Conv2d(12, 12, 5, groups=12, padding=2), nn.BatchNorm2d(12)], ids=str)
def test_what_is_no_product_keeps_its_bits(layer: nn.Module) -> None:
    given = images(12)
    plain = with_gradients(layer, given)
    with bf16_products():
        found = with_gradients(layer, given)
    assert all(torch.equal(one, other) for one, other in zip(found, plain, strict=True))


@pytest.mark.parametrize("padding", [0, (0, 0), "valid"])
@pytest.mark.parametrize("stride", [1, (1, 1)])
def test_each_way_to_call_a_convolution(padding: object, stride: object) -> None:
    given, weight, bias = images(4), torch.randn(6, 4, 1, 1), torch.randn(6)
    wanted = F.conv2d(given, weight, bias)
    with bf16_products():
        calls = (
            F.conv2d(given, weight, bias, stride, padding),
            F.conv2d(given, weight, bias, stride, padding, 1, 1),
            F.conv2d(input=given, weight=weight, bias=bias, stride=stride, padding=padding, dilation=1, groups=1),
            torch.conv2d(given, weight, bias=bias),
        )
    assert all(close(found, wanted) for found in calls)


def test_an_image_without_a_batch_stays_a_convolution() -> None:
    layer, given = nn.Conv2d(4, 6, 1), images(4)[0]
    with bf16_products():
        found = layer(given)
    assert torch.equal(found, layer(given))


def test_the_precision_is_as_before_also_after_an_error() -> None:
    before = torch.get_float32_matmul_precision()
    with bf16_products():
        assert torch.get_float32_matmul_precision() == "medium"
    assert torch.get_float32_matmul_precision() == before
    with pytest.raises(RuntimeError), bf16_products():
        torch.conv2d(images(4), torch.zeros(6, 5, 1, 1))
    assert torch.get_float32_matmul_precision() == before


def test_a_caller_may_have_set_the_precision_of_single_backends(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> str:
        raise RuntimeError("mixed")

    matmul = torch.backends.mkldnn.matmul
    before = matmul.fp32_precision
    monkeypatch.setattr(torch, "get_float32_matmul_precision", refuse)
    with bf16_products():
        assert matmul.fp32_precision == "bf16"
    assert matmul.fp32_precision == before


@pytest.mark.parametrize("name", ["test_efficientnet", "test_vit"])
def test_with_gradient_checkpointing(name: str) -> None:
    size = {"img_size": 64} if name == "test_vit" else {}
    model = timm.create_model(name, pretrained=False, num_classes=3, **size)
    model.set_grad_checkpointing(True)
    given = torch.randn(2, 3, 64, 64, requires_grad=True)
    with bf16_products(pointwise=False):
        model(given).sum().backward()
    assert given.grad is not None
    assert bool(given.grad.isfinite().all())


@pytest.mark.skipif(not has_bf16_products(), reason="this CPU has no AMX")
def test_products_are_rounded_on_a_cpu_with_amx() -> None:
    torch.manual_seed(0)
    layer, given = nn.Conv2d(64, 64, 1), images(64, 16)
    wanted = layer.double()(given.double())
    layer.float()
    with bf16_products():
        rounded = layer(given)
    plain = layer(given)
    error, usual = ((one - wanted).abs().max().item() for one in (rounded, plain))
    assert error > 100 * usual


def test_a_torch_without_the_question_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported", raising=False)
    assert not module.has_bf16_products()
