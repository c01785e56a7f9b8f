"""The file of a trained network: `model.safetensors`, with metadata for its input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network, provenance
from sketchfit.models.feature_network import FeatureNetwork
from sketchfit.models.finite import NoNumbersError, not_finite
from sketchfit.models.learnt_rows import learnt_by, to_metadata, union
from sketchfit.models.network import Network
from sketchfit.models.tensor_file import check_tensors, load_tensors, save_tensors
from sketchfit.models.weights import read_metadata
from sketchfit.registry import family
from sketchfit.runs.networks import NetworkFolder
from sketchfit.wording import listed

NAME = "model.safetensors"

TRAIN_OTHERWISE = "Set compute.precision=fp32, training.clip_grad=1, or a lower optimizer.lr."


def save_network(folder: Path, network: Network, recipe: Recipe, learnt: NDArray[np.uint64] | None = None) -> None:
    """Write a network's weights to its folder, with the metadata that `load_network` needs.

    Args:
        folder: existing.
        network: to write.
        recipe: whose weights it started from.
        learnt: uint64, `content_ids` of the images that it has learnt from; those of the weights that it started from
            are added. None: not known.

    Raises:
        NoNumbersError: a weight is not finite; nothing is written then.
    """
    if name := not_finite(network.model):
        where = "" if folder.name.startswith(".") else f"{NetworkFolder(folder).name}: "  # that of a trial has no name
        raise NoNumbersError(f"{where}a weight is not finite after training ({name})", TRAIN_OTHERWISE)
    state = _separate({name: value.cpu().contiguous() for name, value in network.model.state_dict().items()})
    save_tensors(folder / NAME, state, provenance(recipe.model, network.normalisation) | _learnt(recipe, learnt))


def load_network(folder: Path, recipe: Recipe, classes: int) -> Network:
    """Build the network of a folder with its trained weights, on the CPU; `recipe.model.weights` is not read.

    Raises:
        UserError: the file of weights is missing or damaged, it is of another network, or a weight is not finite.
    """
    path = folder / NAME
    check_saved(folder)
    network = build_network(recipe.model, classes, load_weights=False, metadata=read_metadata(path))
    state = load_tensors(path)
    if FeatureNetwork.is_state(state):
        kind: type[FeatureNetwork] = family("closed_forms").get(recipe.training.kernel.head).module
        network = replace(network, model=kind.of_state(network.model, state, recipe.model.size))
    else:
        _load(network, state, path)
    if name := not_finite(network.model):
        with NetworkFolder(folder).naming():
            raise NoNumbersError(f"{path} has a weight that is not finite ({name})")
    return network


def _load(network: Network, state: dict[str, torch.Tensor], path: Path) -> None:
    """Load weights, in place.

    Raises:
        UserError: they are of another network.
    """
    try:
        network.model.load_state_dict(state)
    except RuntimeError as error:  # torch's own for other names and shapes
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        what = (
            f"{path} has weights of another network than a {type(network.model).__name__} of {network.classes} classes"
        )
        raise UserError(
            f"{what}: {listed(lines, 1)}", "Let the recipe have the settings that it was trained with."
        ) from error


def check_saved(folder: Path) -> None:
    """Compare the weights of a finished network with their checksum, once per process.

    Raises:
        UserError: they are missing or damaged.
    """
    with NetworkFolder(folder).naming():
        check_tensors(folder / NAME)


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
