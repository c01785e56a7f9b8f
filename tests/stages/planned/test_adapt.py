"""Networks of a run with a deadline have the precision of the device, and candidates the optimizer of their kind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.planning.goal import Goal
from sketchfit.planning.ladder import PlannedBackbone, ladder
from sketchfit.stages.planned import adapt, prepare

SMALL, LARGE = "mobilenetv2_100", "convnext_atto"


def settings_of(
    monkeypatch: pytest.MonkeyPatch,
    backbone: str,
    bf16: bool,
    changes: dict[str, Any] | None = None,
    seconds: float = 3600.0,
) -> dict[str, dict[str, Any]]:
    """The settings of the first bank and the first network of a backbone, by kind."""
    monkeypatch.setattr(adapt, "has_fast_bf16", lambda _: bf16)
    recipe = load_recipe("cpu", changes or {})
    planned = PlannedBackbone(backbone, {"backbone": backbone}, 224)
    found: dict[str, dict[str, Any]] = {}
    for rung in ladder([planned], on_gpu=True, views=[], mirrored=False):
        adapted = adapt.for_kind(adapt.on_gpu(rung, recipe, torch.device("cuda"), seconds), recipe)
        found.setdefault(rung.kind, dict(adapted.settings))
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


def test_gradients_are_clipped_where_the_recipe_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_of(monkeypatch, LARGE, True)["network"]["training"]["clip_grad"] == adapt.CLIP
    own = settings_of(monkeypatch, LARGE, True, {"training": {"clip_grad": 0.5}})
    assert "clip_grad" not in own["network"]["training"]


def test_products_in_fp32_keep_the_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "compute" not in settings_of(monkeypatch, SMALL, True, {"compute": {"products": "fp32"}})["network"]


@pytest.mark.parametrize(
    ("device", "candidates", "gentle", "bf16"),
    [
        ("cpu", (LARGE,), True, False),
        ("mps", (LARGE,), True, False),
        ("cpu", (), False, False),
        ("cuda", (), False, False),
        ("cuda", (LARGE,), True, True),
    ],
)
def test_only_candidates_are_adapted_on_every_device_and_in_bf16_on_a_gpu(
    monkeypatch: pytest.MonkeyPatch, device: str, candidates: tuple[str, ...], gentle: bool, bf16: bool
) -> None:
    monkeypatch.setattr(adapt, "has_fast_bf16", lambda _: True)
    monkeypatch.setattr(adapt, "has_bf16_products", lambda: False)
    monkeypatch.setattr(prepare, "backbones", lambda *_: [PlannedBackbone(LARGE, {"backbone": LARGE}, 224)])
    context: Any = SimpleNamespace(
        recipe=load_recipe("cpu"),
        table=SimpleNamespace(train=range(60), test=range(30)),
        engine=SimpleNamespace(device=torch.device(device)),
    )
    rungs = prepare.rungs_of(context, Goal(3600.0, candidates=candidates), 3600.0)
    networks = [rung for rung in rungs if rung.kind == "network"]
    optimizers = [{"optimizer": rung.settings.get("optimizer")} for rung in networks]
    assert optimizers == [dict(adapt.GENTLE) if gentle else {"optimizer": None}] * len(networks)
    assert all((rung.settings["training"].get("clip_grad") == adapt.CLIP) is gentle for rung in networks)
    assert any(rung.settings.get("compute") == {"precision": "bf16"} for rung in rungs) is bf16
