"""The file of a trained network: `model.safetensors`, with metadata for its input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from sketchfit.config.recipe import Recipe
from sketchfit.files import atomic
from sketchfit.models.backbone import build_network, provenance
from sketchfit.models.feature_network import FeatureNetwork
from sketchfit.models.learnt_rows import learnt_by, to_metadata, union
from sketchfit.models.network import Network
from sketchfit.models.weights import read_metadata
from sketchfit.registry import family

NAME = "model.safetensors"


def save_network(folder: Path, network: Network, recipe: Recipe, learnt: NDArray[np.uint64] | None = None) -> None:
    """Write a network's weights to its folder, with the metadata that `load_network` needs.

    Args:
        folder: existing.
        network: to write.
        recipe: whose weights it started from.
        learnt: uint64, `content_ids` of the images that it has learnt from; those of the weights that it started from
            are added. None: not known.
    """
    state = _separate({name: value.cpu().contiguous() for name, value in network.model.state_dict().items()})
    with atomic(folder / NAME) as temporary:
        save_file(state, temporary, provenance(recipe.model, network.normalisation) | _learnt(recipe, learnt))


def load_network(folder: Path, recipe: Recipe, classes: int) -> Network:
    """Build the network of a folder with its trained weights, on the CPU; `recipe.model.weights` is not read."""
    path = folder / NAME
    network = build_network(recipe.model, classes, load_weights=False, metadata=read_metadata(path))
    state = load_file(path)
    if FeatureNetwork.is_state(state):
        kind: type[FeatureNetwork] = family("closed_forms").get(recipe.training.kernel.head).module
        return replace(network, model=kind.of_state(network.model, state, recipe.model.size))
    network.model.load_state_dict(state)
    return network


def _separate(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return tensors of which no two share memory, which safetensors refuses; layers of some networks share weights."""
    used: set[int] = set()
    separate: dict[str, torch.Tensor] = {}
    for name, value in state.items():
        memory = value.untyped_storage().data_ptr()
        separate[name] = value.clone() if memory in used else value
        used.add(memory)
    return separate


def _learnt(recipe: Recipe, learnt: NDArray[np.uint64] | None) -> dict[str, str]:
    if learnt is None:
        return {}
    before = learnt_by(recipe.model.weights) if recipe.model.pretrained else None
    return to_metadata(union([learnt, before]))
