"""A trial of the file of weights: written, read, and the network that is read predicts what the written one does."""

from __future__ import annotations

from pathlib import Path

import torch

from sketchfit.config.recipe import Recipe
from sketchfit.disk import DiskError
from sketchfit.errors import UserError
from sketchfit.models.faults import in_one_sentence
from sketchfit.models.network import Network
from sketchfit.models.saved_network import load_network, save_network
from sketchfit.moving import delete_folder
from sketchfit.remains import part_of

RTOL, ATOL = 1e-3, 1e-4
"""Largest difference of probabilities: the memory format of convolutions changes their last bits."""


def try_file(network: Network, recipe: Recipe, folder: Path) -> None:
    """Write a file of weights below a folder, read it and compare; a killed process leaves what `open_run` deletes.

    Args:
        network: in evaluation mode, as it would be written after a training.
        recipe: of the network.
        folder: existing.

    Raises:
        UserError: the file cannot be written or read, or the network that is read differs.
    """
    place = part_of(folder / "trial")
    try:
        with in_one_sentence(recipe.model, "writing the weights"):
            _write(place, network, recipe)
        with in_one_sentence(recipe.model, "reading the weights"):
            again = load_network(place, recipe, network.classes)
        check_same(network, again, recipe.model.size)
    finally:
        delete_folder(place, ignore_errors=True)


def _write(place: Path, network: Network, recipe: Recipe) -> None:
    try:
        place.mkdir(exist_ok=True)
        save_network(place, network, recipe)
    except DiskError:
        raise
    except OSError as error:
        raise UserError(f"a file of weights cannot be written to {place.parent}: {error}") from error


def check_same(network: Network, again: Network, size: int) -> None:
    """Compare a network with the one that was read from its file.

    Args:
        network, again: in any modes; `again` is moved to the device of the other one.
        size: side of the input in pixels.

    Raises:
        UserError: a tensor or the probabilities of a random picture differ.
    """
    kept, read = network.model.state_dict(), again.model.state_dict()
    differing = [name for name, value in kept.items() if name not in read or not _equal(value.cpu(), read[name])]
    device = next(iter(kept.values())).device
    picture = torch.randn((1, 3, size, size), generator=torch.Generator().manual_seed(0)).to(device)
    with torch.inference_mode():
        one, other = (each.model.to(device).eval()(picture).float().softmax(dim=1) for each in (network, again))
    if differing or not torch.allclose(one, other, RTOL, ATOL, equal_nan=True):
        gap = f": probabilities by {float((one - other).abs().max()):.1g}"
        where = f" in {', '.join(differing[:3])}" if differing else gap
        name = type(network.model).__name__
        raise UserError(
            f"the {name} that is read from a file of weights differs from the one that was written{where}",
            "Choose another backbone: what this one learns cannot be stored.",
        )


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Return whether two tensors have the same values; NaN is equal to itself."""
    return one.shape == other.shape and bool(((one == other) | ((one != one) & (other != other))).all())
