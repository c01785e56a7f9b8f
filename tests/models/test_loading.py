from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from sketchfit._timm import timm
from sketchfit.config.model import ModelSection
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network
from sketchfit.models.network import Network

State = dict[str, torch.Tensor]
TRAINED: State = {name: value.clone() for name, value in timm.create_model("test_resnet").state_dict().items()}
TRUNK = [name for name in TRAINED if not name.startswith("fc.") and "num_batches" not in name]


def built(path: Path, state: State, **changes: Any) -> Network:
    save_file({name: value.contiguous() for name, value in state.items()}, path)
    given = {"backbone": "test_resnet", "input_size": 32, "weights": str(path), **changes}
    return build_network(ModelSection.model_validate(given), 3)


def without(*names: str) -> State:
    return {name: value for name, value in TRAINED.items() if not name.startswith(names)}


@settings(max_examples=20, deadline=None)
@given(st.sets(st.sampled_from(TRUNK), min_size=1))
def test_each_missing_tensor_is_named(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    state = {name: value for name, value in TRAINED.items() if name not in names}
    with pytest.raises(UserError, match=rf"lacks {len(names)} of") as caught:
        built(path, state)
    shown = set(caught.value.problems[0].replace(",", "").split())
    assert {name for name in TRUNK if name in shown or shown & parents(name)} == names


def parents(name: str) -> set[str]:
    parts = name.split(".")
    return {f"{'.'.join(parts[:depth])}.*" for depth in range(1, len(parts))}


def test_missing_tensors_start_from_random_values_where_the_recipe_accepts_them(tmp_path: Path) -> None:
    network = built(tmp_path / "w.safetensors", without("layer2."), partial_weights=True)
    assert any("layer2.*" in note for note in network.notes)
    kept = network.model.state_dict()
    assert all(torch.equal(kept[name], TRAINED[name]) for name in TRUNK if not name.startswith("layer2."))


def test_a_file_of_nothing_that_fits_is_refused_even_then(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not fit"):
        built(tmp_path / "w.safetensors", {"other.weight": torch.ones(3)}, partial_weights=True)


def test_foreign_tensors_are_ignored_with_a_note(tmp_path: Path) -> None:
    state = {f"model.{name}": value for name, value in TRAINED.items()}
    network = built(tmp_path / "w.safetensors", {**state, "criterion.weight": torch.ones(3)})
    assert [note for note in network.notes if "criterion.*" in note] == list(network.notes)
    assert torch.equal(network.model.state_dict()["conv1.0.weight"], TRAINED["conv1.0.weight"])


@pytest.mark.parametrize(
    ("backbone", "size"),
    [("test_vit", 64), ("swin_tiny_patch4_window7_224", 256), ("deit_tiny_distilled_patch16_224", 64)],
)
def test_tensors_that_timm_adapts_are_not_missing(tmp_path: Path, backbone: str, size: int) -> None:
    state = {name: value.clone() for name, value in timm.create_model(backbone).state_dict().items()}
    assert built(tmp_path / "w.safetensors", state, backbone=backbone, input_size=size).notes == ()
