"""Networks of a run with a deadline compute products in bf16 where the CPU is made for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.planning.goal import Goal
from sketchfit.stages.planned import adapt, prepare

SECONDS = 600.0


def products(monkeypatch: pytest.MonkeyPatch, *, amx: bool, device: str = "cpu", **compute: Any) -> dict[str, set[str]]:
    """The setting of the members of each kind; `auto` where they have none."""
    monkeypatch.setattr(adapt, "has_bf16_products", lambda: amx)
    recipe = load_recipe("demo", {"compute": compute})
    table = SimpleNamespace(train=range(60), test=range(30))
    context: Any = SimpleNamespace(recipe=recipe, table=table, engine=SimpleNamespace(device=torch.device(device)))
    found: dict[str, set[str]] = {}
    for rung in prepare.rungs_of(context, Goal(SECONDS), SECONDS):
        found.setdefault(rung.kind, set()).add(rung.settings.get("compute", {}).get("products", "auto"))
    return found


def test_networks_of_a_cpu_with_amx(monkeypatch: pytest.MonkeyPatch) -> None:
    assert products(monkeypatch, amx=True) == {"bank": {"auto"}, "network": {"bf16"}}


@pytest.mark.parametrize(
    "given",
    [
        {"amx": False},
        {"amx": True, "device": "meta"},
        {"amx": True, "products": "fp32"},
        {"amx": True, "precision": "bf16"},
    ],
)
def test_all_others_have_none(monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]) -> None:
    assert products(monkeypatch, **given) == {"bank": {"auto"}, "network": {"auto"}}
