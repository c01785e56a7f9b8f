"""Trained networks that stay in memory, each with the backends that it has predicted with."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from sketchfit.config.recipe import Recipe
from sketchfit.inference.predictor import Predictor
from sketchfit.models.choose_backend import choose_backend, forward_flops
from sketchfit.models.compute import Compute
from sketchfit.models.network import Network
from sketchfit.models.saved_network import load_network
from sketchfit.runs.networks import NetworkFolder


@dataclass
class KeptNetwork:
    """A network in memory.

    Attributes:
        network: on the device.
        recipe: of its member.
        device: on which it computes.
    """

    network: Network
    recipe: Recipe
    device: torch.device
    _predictors: dict[str, Predictor] = field(default_factory=dict)

    def predictor(self, pictures: int) -> Predictor:
        """Return the predictor for so many pictures, as `Predictor.of` chooses it; a converted network is kept."""
        name = self.recipe.inference.backend
        if name == "auto":
            compute, size = Compute.of(self.recipe.compute, self.device), self.recipe.model.size
            name = choose_backend(self.network, compute, size, pictures, lambda: self._flops)
        if name not in self._predictors:
            self._predictors[name] = Predictor.of(self.network, self.recipe, self.device, name)
        return self._predictors[name]

    @cached_property
    def _flops(self) -> int:
        """Operations of one picture."""
        return forward_flops(self.network, self.recipe.model.size, self.device)


class KeptNetworks:
    """Networks by their folder, loaded at the first use. Called as a `MakePredictor`; not for several threads at once.

    Args:
        classes: number of classes.
        device: on which they compute.
    """

    def __init__(self, classes: int, device: torch.device) -> None:
        self._classes, self._device = classes, device
        self._kept: dict[Path, KeptNetwork] = {}

    def __call__(self, folder: NetworkFolder, recipe: Recipe, pictures: int) -> Predictor:
        """Return the predictor of a network for so many pictures."""
        return self.load(folder, recipe).predictor(pictures)

    def load(self, folder: NetworkFolder, recipe: Recipe) -> KeptNetwork:
        """Return a network, loaded if it is not here yet.

        Raises:
            UserError: its file is missing or damaged.
        """
        if folder.path not in self._kept:
            network = load_network(folder.path, recipe, self._classes)
            network.model.to(self._device)
            self._kept[folder.path] = KeptNetwork(network, recipe, self._device)
        return self._kept[folder.path]
