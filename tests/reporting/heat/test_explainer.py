"""Heat maps of networks trained to answer by one corner must point there; no map may be empty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from torch import Tensor, nn

from sketchfit._timm import timm
from sketchfit.models.network import Network
from sketchfit.reporting.heat.explainer import Gradients, HeatExplainer, HeatMap, enlarged
from tests.reporting.heat.corner import HALF, SIZE, pictures, share_in_corner, trained

TRAINED = [("test_resnet", 3e-3, 50), ("test_vit", 2e-3, 100), ("test_coatnet", 3e-3, 40)]


def of_class_1(explainer: HeatExplainer, count: int = 96) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pictures of class 1 that the network predicts."""
    found, label = pictures(count, 10_000)
    right = explainer.scores(found).argmax(axis=1) == label
    assert right.mean() > 0.9, "the network did not learn the task"
    chosen = right & (label == 1)
    return found[chosen], label[chosen]


@pytest.mark.parametrize(
    ("method", "name", "lr", "steps"),
    [
        *(("own", *one) for one in TRAINED),
        *((method, *TRAINED[0]) for method in ("gradients of pixels", "occlusion")),
        *(
            pytest.param(method, *one, marks=pytest.mark.slow)
            for method in ("gradients of pixels", "occlusion")
            for one in TRAINED[1:]
        ),
    ],
)
def test_the_map_points_to_the_corner_that_decides(method: str, name: str, lr: float, steps: int) -> None:
    network = trained(name, lr, steps)
    found, label = of_class_1(HeatExplainer(network), 96 if method == "own" else 24)
    explainer = HeatExplainer.of(network, network.model, found[:1])
    if method != "own":
        explainer = replace(explainer, gradients={one: of for one, of in explainer.gradients.items() if one == method})
    heats = explainer.explain(found, label)
    maps = [one for one in heats if one is not None]
    assert len(maps) == len(found)
    if method != "own":
        assert {one.method for one in maps} == {method}
    shares = [share_in_corner(one.heat) for one in maps]
    peaks = [divmod(int(one.heat.argmax()), SIZE) for one in maps]
    inside = np.mean([y < SIZE // 2 and x < SIZE // 2 for y, x in peaks])
    print(f"{name}, {maps[0].method}: share of the map in the corner {np.mean(shares):.2f}, peak there {inside:.2f}")
    assert np.mean(shares) > 0.5  # a quarter of the picture
    assert inside > 0.75


def zeros(images: Tensor, classes: Tensor) -> Tensor:
    return torch.zeros(len(images), 4, 4)


def fails(images: Tensor, classes: Tensor) -> Tensor:
    raise RuntimeError("no gradient")


def top_left(images: Tensor, classes: Tensor) -> Tensor:
    heat = torch.zeros(len(images), 4, 4)
    heat[:, 0, 0] = 2
    return heat


class Corner(nn.Module):
    """Its answer is the darkness of the top left corner; it has no layers that locate anything."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(()))

    def forward(self, images: Tensor) -> Tensor:
        dark = -self.factor * images[:, :, :32, :32].mean((1, 2, 3))
        return torch.stack([-dark, dark], dim=1)


@pytest.mark.parametrize(
    "first", [zeros, fails, lambda *_: zeros(*_) - 1, lambda *_: zeros(*_) + 1, lambda *_: zeros(*_) / 0]
)
def test_a_method_whose_map_is_empty_is_followed_by_the_next(first: Gradients) -> None:
    explainer = HeatExplainer(Network(Corner(), HALF), {"Grad-CAM": first, "gradients of pixels": top_left})
    (heat,) = explainer.explain(pictures(1, 0)[0], np.array([1]))
    assert heat is not None
    assert heat.method == "gradients of pixels"
    assert heat.heat[:8, :8].max() == 1
    assert heat.heat[48:, 48:].max() == 0


def test_methods_are_chosen_for_each_picture() -> None:
    def of_class_0(images: Tensor, classes: Tensor) -> Tensor:
        return top_left(images, classes) * (classes == 0)[:, None, None]

    drawings = np.full((3, SIZE, SIZE, 1), 255, np.uint8)
    drawings[:2, 8:24, 8:24] = 0  # the last one is blank
    found = HeatExplainer(Network(Corner(), HALF), {"Grad-CAM": of_class_0}).explain(drawings, np.array([0, 1, 1]))
    assert [one and one.method for one in found] == ["Grad-CAM", "occlusion", None]
    assert share_in_corner(_heat(found[1])) > 0.9


def test_no_more_than_so_many_pictures_are_covered() -> None:
    found, _ = pictures(4, 0)
    explainer = HeatExplainer(Network(Corner(), HALF), {"Grad-CAM": zeros})
    methods = [one is not None for one in explainer.explain(found, np.array([1, 1, 1, 1]), 2)]
    assert methods == [True, True, False, False]


@pytest.mark.parametrize("info", [None, [], [{"module": "stem", "num_chs": 3}], [{"num_chs": 3}]])
def test_a_network_without_layers_is_explained_by_its_input(info: object) -> None:
    network = Network(Corner(), HALF)
    network.model.feature_info = info  # type: ignore[assignment]
    found = np.full((4, SIZE, SIZE, 1), 255, np.uint8)
    found[:, 8:24, 8:24] = 0
    for heat in HeatExplainer.of(network, network.model, found[:1]).explain(found, np.ones(4, np.int64)):
        assert heat is not None
        assert heat.method == "gradients of pixels"
        assert share_in_corner(heat.heat) > 0.95


@pytest.mark.parametrize(
    ("name", "size", "method"),
    [
        ("test_efficientnet", SIZE, "Grad-CAM"),
        ("test_convnext", SIZE, "Grad-CAM"),
        ("test_vit2", SIZE, "gradients of patches"),
        ("pit_ti_224", SIZE, "Grad-CAM"),
        ("coat_tiny", SIZE, "gradients of pixels"),
    ],
)
def test_every_kind_of_backbone_gives_a_map(name: str, size: int, method: str) -> None:
    torch.manual_seed(0)
    extra = {"img_size": size} if name in {"test_vit2", "pit_ti_224", "coat_tiny"} else {}
    network = Network(timm.create_model(name, pretrained=False, num_classes=2, **extra).eval(), HALF)
    found, _ = pictures(2, 0)
    heats = HeatExplainer.of(network, network.model, found[:1]).explain(found, np.array([0, 1]))
    assert method in {one.method for one in heats if one is not None}
    assert all(one is not None and one.heat.shape == (size, size) for one in heats)


@given(arrays.arrays(np.float32, (4, 4), elements=st.floats(-10, 10, width=32)), st.sampled_from([4, 16, 33]))
def test_an_enlarged_map_is_not_empty(coarse: NDArray[np.float32], side: int) -> None:
    heat = enlarged(coarse, side)
    if heat is None:
        assert np.ptp(np.maximum(coarse, 0)) <= 1e-4 * max(float(coarse.max()), 0)
    else:
        assert heat.shape == (side, side)
        assert heat.min() >= 0
        assert heat.max() == 1
        assert np.ptp(heat) > 0


def _heat(found: HeatMap | None) -> NDArray[np.float32]:
    assert found is not None
    return found.heat
