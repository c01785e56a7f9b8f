"""The heat map of a drawing: by the first method whose map is not empty.

Each method can fail. Grad-CAM keeps only evidence for a class, and there may be none at the layer's places; layers may
return no map, or change their input in place; a head may have no gradients. Occlusion needs predictions only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import Literal, Self

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sketchfit.bundle.occlusion import occlusion_heat
from sketchfit.models.network import Network, to_input
from sketchfit.reporting.heat.targets import find_target

Pictures = NDArray[np.uint8]
Method = Literal["Grad-CAM", "gradients of patches", "gradients of pixels", "occlusion"]
Gradients = Callable[[Tensor, Tensor], Tensor]
"""Images float [B, 3, S, S] and classes int64 [B] to evidence, float [B, h, w]."""

SMALLEST_RANGE = 1e-6
"""Range of a map's values, relative to the largest, up to which it shows nothing."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HeatMap:
    """Where the evidence for a class is.

    Attributes:
        heat: float32 [S, S], 0 … 1; the largest value is 1.
        method: that it was found by.
    """

    heat: NDArray[np.float32]
    method: Method


@dataclass(frozen=True)
class HeatExplainer:
    """A network whose answers are explained.

    Attributes:
        network: on its device, in evaluation mode.
        gradients: methods that are tried before occlusion, in this order.
    """

    network: Network
    gradients: Mapping[Method, Gradients] = field(default_factory=dict)

    @classmethod
    def of(cls, network: Network, trained: nn.Module | None, picture: Pictures) -> Self:
        """Choose the methods for a network; occlusion alone where captum is not installed.

        Args:
            network: with a timm model.
            trained: the part of it whose gradients explain the answer; None: there is none.
            picture: uint8 [1, S, S, C], any input.
        """
        if trained is None or not has_gradients():
            return cls(network)
        from sketchfit.reporting.heat.gradients import of_input, of_layer

        methods: dict[Method, Gradients] = {"gradients of pixels": partial(of_input, trained)}
        if (target := find_target(trained, cls(network).prepare(picture))) is not None:
            name: Method = "gradients of patches" if target.layout.tokens else "Grad-CAM"
            methods = {name: partial(of_layer, trained, target), **methods}
        return cls(network, methods)

    def explain(
        self, pictures: Pictures, classes: NDArray[np.int64], occlusions: int | None = None
    ) -> list[HeatMap | None]:
        """Compute the heat map of one class per picture; None where no method finds evidence for it.

        Args:
            pictures: uint8 [N, S, S, C], of the network's size.
            classes: int64 [N].
            occlusions: most pictures of which parts are covered; None: all that need it.
        """
        found: list[HeatMap | None] = [None] * len(pictures)
        for method in (*self.gradients, "occlusion"):
            missing = [number for number, one in enumerate(found) if one is None]
            missing = missing[:occlusions] if method == "occlusion" else missing
            if not missing:
                break
            for number, coarse in zip(missing, self._coarse(method, pictures[missing], classes[missing]), strict=False):
                if (heat := enlarged(coarse, pictures.shape[1])) is not None:
                    found[number] = HeatMap(heat, method)
        return found

    def prepare(self, pictures: Pictures) -> Tensor:
        """Return the network's input, float32 [N, 3, S, S] on its device."""
        device = next(self.network.model.parameters()).device
        return to_input(torch.from_numpy(pictures), self.network.normalisation, device, channels_last=False)

    def scores(self, pictures: Pictures) -> NDArray[np.float32]:
        """Return logits, float32 [N, classes]."""
        with torch.inference_mode():
            return np.asarray(self.network.model(self.prepare(pictures)).float().cpu().numpy())

    def _coarse(self, method: Method, pictures: Pictures, classes: NDArray[np.int64]) -> Sequence[NDArray[np.float32]]:
        """Return a small map per picture; none where the method fails on this network."""
        compute = self.gradients.get(method)
        if compute is None:
            return [occlusion_heat(self.scores, *one) for one in zip(pictures, classes.tolist(), strict=True)]
        images = self.prepare(pictures)
        try:
            with torch.enable_grad():
                maps = compute(images, torch.from_numpy(classes).to(images.device))
        except Exception as error:  # any backbone may be given
            log.debug(f"no heat map by {method}: {type(error).__name__}: {error}")
            return []
        return list(maps.detach().float().cpu().numpy())


def has_gradients() -> bool:
    """Return whether captum is installed, which computes the maps by gradients."""
    return find_spec("captum") is not None


def enlarged(coarse: NDArray[np.float32], side: int) -> NDArray[np.float32] | None:
    """Return the positive part of a small map, float [h, w], at the size of the picture; None where it shows nothing.

    Returns:
        float32 [side, side], 0 … 1; the largest value is 1.
    """
    large = np.maximum(cv2.resize(np.maximum(coarse, 0), (side, side), interpolation=cv2.INTER_CUBIC), 0)
    largest = float(large.max())
    if not np.isfinite(largest) or largest - float(large.min()) <= SMALLEST_RANGE * largest:
        return None
    return np.asarray(large / largest, dtype=np.float32)
