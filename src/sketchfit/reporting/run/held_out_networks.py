"""Results of the trained networks on drawings held out from their training: heat maps, features, changed inputs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sketchfit.activity import activity
from sketchfit.config.recipe import Recipe
from sketchfit.data.paper import paper_colour
from sketchfit.inference.network_input import network_inputs
from sketchfit.inference.predictor import Predictor
from sketchfit.models.classifier import features_of
from sketchfit.models.feature_network import FeatureNetwork
from sketchfit.models.network import Network, to_input
from sketchfit.models.saved_network import load_network
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.heat.explainer import HeatExplainer, has_gradients
from sketchfit.reporting.heat.picture import HeatPicture
from sketchfit.reporting.kit.thumbnails import Pixels
from sketchfit.reporting.run.robustness import CHANGES, UNCHANGED
from sketchfit.training.engine import make_engine

EXTRA = "pip install 'sketchfit[report]'"
"""Command that installs captum."""

log = logging.getLogger(__name__)

MOST_OCCLUDED = 12
"""Heat maps by occlusion in a report: each needs up to 81 predictions."""


@dataclass(frozen=True)
class HeldOutBatch:
    """Drawings, and the network that they were held out from.

    Attributes:
        predictor: of the network.
        places: int64 [B], in the evidence's rows.
        inputs: B inputs of the network, uint8 [S, S, C].
    """

    predictor: Predictor
    places: NDArray[np.int64]
    inputs: Sequence[Pixels]

    @property
    def network(self) -> Network:
        """The network, in evaluation mode."""
        return self.predictor.network

    def images(self) -> torch.Tensor:
        """Return the normalised inputs, float32 [B, 3, S, S] on the network's device."""
        device = next(self.network.model.parameters()).device
        return to_input(torch.from_numpy(stacked(self.inputs)), self.network.normalisation, device, channels_last=False)


@dataclass(frozen=True)
class HeldOutNetworks:
    """The networks of a member of a run: `recipe` is the member's own."""

    evidence: Evidence
    member: str
    recipe: Recipe

    def batches(self, places: NDArray[np.int64]) -> Iterator[HeldOutBatch]:
        """Yield the drawings at `places` in batches, each with the network of the fold that validated them.

        Drawings whose network is not on disk are left out.
        """
        evidence, device, size = (
            self.evidence,
            make_engine(self.recipe.compute).device,
            self.recipe.inference.batch_size,
        )
        for fold in np.unique(evidence.fold[places]):
            folder = evidence.run.folder.network(self.member, int(fold))
            if not folder.weights.is_file():
                continue
            network = load_network(folder.path, self.recipe, evidence.class_count)
            predictor = Predictor.of(network, self.recipe, device, backend="eager")
            network.model.eval()
            chosen = places[evidence.fold[places] == fold]
            for batch in np.split(chosen, range(size, len(chosen), size)):
                paths = [evidence.root / evidence.paths[place] for place in batch]
                yield HeldOutBatch(predictor, batch, network_inputs(paths, self.recipe))


def heat_maps(networks: HeldOutNetworks, places: Sequence[int]) -> dict[int, HeatPicture]:
    """Return, per place, the network's input under the heat map of the run's answer.

    Drawings are left out in which no method finds evidence, and those after the first `MOST_OCCLUDED` that need
    occlusion.
    """
    found: dict[int, HeatPicture] = {}
    occlusions = MOST_OCCLUDED
    if not has_gradients():
        log.info(
            f"report: heat maps of at most {occlusions} drawings, by occlusion; all, by gradients, need captum: {EXTRA}"
        )
    for batch in networks.batches(np.asarray(places, dtype=np.int64)):
        answer = networks.evidence.answer[batch.places]
        pictures = stacked(batch.inputs)
        explainer = HeatExplainer.of(batch.network, trained_by_gradients(batch.network.model), pictures[:1])
        heats = explainer.explain(pictures, answer, occlusions)
        for place, pixels, heat in zip(batch.places.tolist(), batch.inputs, heats, strict=True):
            if heat is not None:
                found[place] = HeatPicture.of(pixels, heat)
                occlusions -= heat.method == "occlusion"
    return found


def trained_by_gradients(model: nn.Module) -> nn.Module | None:
    """Return the part of a network that gradients explain: without a head on pooled features; None if it has none."""
    if not isinstance(model, FeatureNetwork):
        return model
    return model.model if model.blend else None


@activity("report: changed inputs")
def answers_to_changes(
    networks: HeldOutNetworks, places: NDArray[np.int64]
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.int64]]]:
    """Predict drawings with each change of the input.

    Returns:
        The places predicted, int64 [m], and name of the change (`UNCHANGED` for none) to int64 [m], the classes.
    """
    answers: dict[str, list[NDArray[np.int64]]] = {name: [] for name in (UNCHANGED, *CHANGES)}
    order: list[NDArray[np.int64]] = []
    for batch in networks.batches(places):
        papers = [paper_colour(one) for one in batch.inputs]
        order.append(batch.places)
        for name, parts in answers.items():
            changed = batch.inputs
            if name != UNCHANGED:
                changed = [CHANGES[name](pixels, paper) for pixels, paper in zip(batch.inputs, papers, strict=True)]
            parts.append(batch.predictor.predict(stacked(changed)).argmax(axis=1).astype(np.int64))
    if not order:
        return np.zeros(0, dtype=np.int64), {}
    return np.concatenate(order), {name: np.concatenate(parts) for name, parts in answers.items()}


def penultimate_features(
    networks: HeldOutNetworks, places: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Compute the features before the head, of drawings that one network was not trained on.

    Features of different networks are not comparable.

    Args:
        networks: of the member.
        places: int64 [n], all of one fold.

    Returns:
        The places, int64 [m], and their features, float32 [m, D].
    """
    order, parts = [np.zeros(0, dtype=np.int64)], []
    for batch in networks.batches(places):
        model = batch.network.model
        with torch.inference_mode():
            features = features_of(model, batch.images())
        order.append(batch.places)
        parts.append(features.float().cpu().numpy())
    return np.concatenate(order), np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)


def stacked(pictures: Sequence[Pixels]) -> Pixels:
    """Stack pictures, uint8 [B, S, S, C]; grey ones are repeated to three channels if any is coloured."""
    channels = max(one.shape[2] for one in pictures)
    return np.stack([np.repeat(one, channels // one.shape[2], axis=2) for one in pictures])
