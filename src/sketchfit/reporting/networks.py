"""What the report asks the trained networks themselves: heat maps, features, answers to changed inputs.

Each drawing goes to a network that did not learn from it: that of the fold that validated it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.data.paper import paper_colour
from sketchfit.inference.network_input import network_inputs
from sketchfit.models.network import Network, to_input
from sketchfit.models.saved_network import load_network
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.run.attribution import attribute, find_target, overlay
from sketchfit.reporting.run.robustness import CHANGES
from sketchfit.runs.folder import RunFolder
from sketchfit.training.engine import make_engine

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class MemberNetworks:
    """A member's networks: `member` names it, `recipe` is its own."""

    run: RunFolder
    member: str
    recipe: Recipe
    evidence: Evidence

    def networks(self, places: NDArray[np.int64]) -> Iterator[tuple[Network, NDArray[np.int64]]]:
        """Each network that is on disk with those of `places` that it did not learn from."""
        device = make_engine(self.recipe.compute).device
        for fold in np.unique(self.evidence.fold[places]):
            folder = self.run.fold(self.member, int(fold))
            if not (folder / "model.safetensors").is_file():
                continue
            network = load_network(folder, self.recipe, self.evidence.class_count)
            network.model.to(device).eval()
            yield network, places[self.evidence.fold[places] == fold]

    def files(self, places: NDArray[np.int64]) -> list[Path]:
        """Image files."""
        return [self.evidence.root / self.evidence.paths[int(place)] for place in places]


def heat_maps(asked: MemberNetworks, places: Sequence[int]) -> dict[int, Pixels]:
    """Place to the network's input with what spoke for the answer, uint8 [S, S, 3]."""
    found: dict[int, Pixels] = {}
    for network, chosen in asked.networks(np.asarray(places, dtype=np.int64)):
        target = None
        for batch in _batches(chosen, asked.recipe.inference.batch_size):
            pixels = network_inputs(asked.files(batch), asked.recipe)
            images = _to_tensor(network, pixels)
            target = target or find_target(network.model, images[:1])
            with torch.no_grad():
                answer = network.model(images).argmax(dim=1)
            maps = attribute(network.model, target, images, answer)
            found.update({int(place): overlay(one, heat) for place, one, heat in zip(batch, pixels, maps, strict=True)})
    return found


def answers_to_changes(
    asked: MemberNetworks, places: NDArray[np.int64]
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.bool_]]]:
    """Right or wrong as it is (under the name `as it is`) and with each change, and the places in their order."""
    names = ("as it is", *CHANGES)
    right: dict[str, list[NDArray[np.bool_]]] = {name: [] for name in names}
    order: list[NDArray[np.int64]] = []
    for network, chosen in asked.networks(places):
        for batch in _batches(chosen, asked.recipe.inference.batch_size):
            pixels = network_inputs(asked.files(batch), asked.recipe)
            papers = [paper_colour(one) for one in pixels]
            order.append(batch)
            for name in names:
                change = CHANGES.get(name)
                shown = pixels if change is None else [change(p, q) for p, q in zip(pixels, papers, strict=True)]
                with torch.inference_mode():
                    answer = network.model(_to_tensor(network, shown)).argmax(dim=1).cpu().numpy()
                right[name].append(answer == asked.evidence.label[batch])
    if not order:
        return np.zeros(0, dtype=np.int64), {}
    return np.concatenate(order), {name: np.concatenate(parts) for name, parts in right.items()}


def penultimate_features(
    asked: MemberNetworks, places: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Features before the head, float32 [m, D], of drawings that the *first* fold's network did not learn from.

    Features of different networks lie in different spaces, so that one network alone makes a map.
    """
    for network, chosen in asked.networks(places):
        parts = []
        for batch in _batches(chosen, asked.recipe.inference.batch_size):
            images = _to_tensor(network, network_inputs(asked.files(batch), asked.recipe))
            with torch.inference_mode():
                parts.append(_features(network)(images).float().flatten(1).cpu().numpy())
        return chosen, np.concatenate(parts)
    return np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.float32)


def _features(network: Network) -> Callable[[torch.Tensor], torch.Tensor]:
    model = network.model

    def features(images: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = model.forward_head(model.forward_features(images), pre_logits=True)  # type: ignore[operator]
        return made

    return features


def _to_tensor(network: Network, pixels: Sequence[Pixels]) -> torch.Tensor:
    channels = max(one.shape[2] for one in pixels)
    stacked = np.stack([np.repeat(one, channels // one.shape[2], axis=2) for one in pixels])
    device = next(network.model.parameters()).device
    return to_input(torch.from_numpy(stacked), network.normalisation, device, channels_last=False)


def _batches(places: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(places), size):
        yield places[start : start + size]
