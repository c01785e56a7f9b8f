"""Networks of a run with a deadline have the precision of the device, and on a GPU the optimizer of their kind."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.planning.ladder import PlannedBackbone, ladder
from sketchfit.stages.planned import adapt

SMALL, LARGE = "mobilenetv2_100", "convnext_atto"


def settings_of(
    monkeypatch: pytest.MonkeyPatch,
    backbone: str,
    bf16: bool,
    changes: dict[str, Any] | None = None,
    device: str = "cuda",
    seconds: float = 3600.0,
) -> dict[str, dict[str, Any]]:
    """The settings of the first bank and the first network of a backbone, by kind."""
    monkeypatch.setattr(adapt, "has_fast_bf16", lambda _: bf16)
    monkeypatch.setattr(adapt, "has_bf16_products", lambda: False)
    recipe = load_recipe("cpu", changes or {})
    planned = PlannedBackbone(backbone, {"backbone": backbone}, 224)
    found: dict[str, dict[str, Any]] = {}
    for rung in ladder([planned], on_gpu=device != "cpu", views=[], mirrored=False):
        found.setdefault(rung.kind, dict(adapt.adapted(rung, recipe, torch.device(device), seconds).settings))
    return found


def test_networks_have_the_precision_of_the_gpu_and_heads_have_not(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_of(monkeypatch, SMALL, True)
    assert found["network"]["compute"] == {"precision": "bf16"}
    assert "compute" not in found["bank"]


def test_a_short_run_has_no_time_to_choose_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "compute" not in settings_of(monkeypatch, SMALL, True, seconds=adapt.BF16_SECONDS - 1)["network"]


def test_an_old_gpu_keeps_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "compute" not in settings_of(monkeypatch, SMALL, False)["network"]


def test_a_precision_that_the_recipe_sets_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "compute" not in settings_of(monkeypatch, SMALL, True, {"compute": {"precision": "fp16"}})["network"]


def test_a_backbone_with_layer_norms_has_a_lower_rate_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_of(monkeypatch, LARGE, True)
    assert found["network"]["optimizer"]["lr"] < load_recipe("cpu").optimizer.lr
    assert found["network"]["optimizer"]["layer_decay"] == load_recipe("strong").optimizer.layer_decay
    assert found["network"]["training"]["kernel"] == {"use": "blend"}  # of all networks of a plan
    assert "optimizer" not in found["bank"]
    assert "optimizer" not in settings_of(monkeypatch, SMALL, True)["network"]


def test_an_optimizer_that_the_recipe_sets_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "optimizer" not in settings_of(monkeypatch, LARGE, True, {"optimizer": {"lr": 3e-4}})["network"]


def test_a_cpu_changes_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_of(monkeypatch, LARGE, True, device="cpu")
    assert not {"compute", "optimizer"} & set(found["network"])
