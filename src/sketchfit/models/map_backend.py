"""Computes the maps of a frozen lower part: in OpenVINO or ONNX Runtime where that pays, else in torch."""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch

from sketchfit.models.backend import Backend, Floats, Pictures
from sketchfit.models.backends import backends
from sketchfit.models.choose_backend import choose_backend, converts
from sketchfit.models.compare_backend import largest_difference, same_as_torch
from sketchfit.models.compute import Compute
from sketchfit.models.conversion.converted import ConvertedKind
from sketchfit.models.network import Network, to_input
from sketchfit.tracking.console import ONCE

log = logging.getLogger(__name__)

TOLERANCE = 1e-3
"""Largest difference from torch's maps, as a share of their standard deviation, with which a runtime is used."""


def choose_map_backend(lower: Network, compute: Compute, size: int, images: int, wanted: str = "auto") -> str:
    """Return the name of the backend for a lower part.

    Args:
        lower: images to maps, on the device of `compute`, in evaluation mode.
        compute: device, precision and memory format.
        size: side of the input in pixels.
        images: how many pictures will be computed.
        wanted: `inference.backend`; one that is not a converted network is replaced by torch.
    """
    name = choose_backend(lower, compute, size, images) if wanted == "auto" else wanted
    return name if converts(name, compute) else "eager"


def build_map_backend(name: str, lower: Network, compute: Compute, pictures: Pictures) -> Backend:
    """Return a function from pictures uint8 [B, H, W, C] to maps float32 [B, …].

    Args:
        name: from `choose_map_backend`.
        lower: as there.
        compute: as there.
        pictures: the first batch; later ones are of the same size in pixels.
    """
    in_torch, kind = eager_maps(lower, compute), backends.get(name)
    if not issubclass(kind, ConvertedKind):
        return in_torch
    made, why = same_as_torch(lambda: kind.build_values(lower, pictures), pictures, in_torch, TOLERANCE, _difference)
    if why:
        log.info(f"outputs of frozen layers by torch, {name} is not used: {why}", extra={ONCE: f"maps {name}"})
    return made


def _difference(found: Floats, expected: Floats) -> float:
    """Return the largest difference of maps, as a share of their standard deviation."""
    return largest_difference(found, expected) / max(float(expected.std()), 1e-6)


def eager_maps(lower: Network, compute: Compute) -> Callable[[Pictures], Floats]:
    """Return the function that computes maps in torch."""

    def maps(pictures: Pictures) -> Floats:
        with torch.inference_mode(), compute.autocast():
            images = to_input(torch.from_numpy(pictures), lower.normalisation, compute.device, compute.channels_last)
            found: Floats = lower.model(images).float().cpu().contiguous().numpy()
        return found

    return maps
