"""The file of a trained network: `model.safetensors`, with metadata for its input."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file, save_file

from sketchfit.config.recipe import Recipe
from sketchfit.files import atomic
from sketchfit.models.backbone import build_network, provenance
from sketchfit.models.network import Network
from sketchfit.models.weights import read_metadata

NAME = "model.safetensors"


def save_network(folder: Path, network: Network, recipe: Recipe) -> None:
    """Write a network's weights to its folder, with the metadata that `load_network` needs."""
    state = {name: value.cpu().contiguous() for name, value in network.model.state_dict().items()}
    with atomic(folder / NAME) as temporary:
        save_file(state, temporary, provenance(recipe.model, network.normalisation))


def load_network(folder: Path, recipe: Recipe, classes: int) -> Network:
    """Build the network of a folder with its trained weights, on the CPU; `recipe.model.weights` is not read."""
    path = folder / NAME
    network = build_network(recipe.model, classes, load_weights=False, metadata=read_metadata(path))
    network.model.load_state_dict(load_file(path))
    return network
