"""What torch answers for a few pictures, with which converted networks are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.models.backend import Floats, Pictures
from sketchfit.models.conversion.modules import GraphOutputs
from sketchfit.models.conversion.without_modes import without_modes
from sketchfit.models.feature_network import MOST, tolerance_of
from sketchfit.models.features import feature_width, logits_and_features
from sketchfit.models.network import Network, to_input

TOLERANCE = 1e-4
"""Largest difference of a probability from torch's with which a file is written. Rounding in fp32 gives up to 3e-5 in
deep networks; a wrong conversion gives far more. Backends, which replace torch unseen, have a tenth of it.

Where torch's own probabilities change more with the memory format or the number of pictures, twice that is allowed, up
to `MOST`."""

FEATURE_GAP = 1e-3
"""Largest difference of a feature from torch's, as a share of the largest feature; float16 rounds by 5e-4."""

PARTS = (4, 16, 0)
"""Random squares along the side of each compared picture; 0: every pixel is random, which most networks see as grey."""

Answering = Callable[[Pictures], Sequence[Floats]]
"""Probabilities float32 [B, classes] and, where there are any, features float32 [B, D] of pictures."""


@dataclass(frozen=True)
class Gap:
    """Largest differences from torch.

    Attributes:
        probabilities: of a probability.
        features: of a feature, as a share of the largest one.
        most: largest difference of a probability that is allowed.
        own: of torch's own probabilities, with another memory format and for one picture alone.
    """

    probabilities: float
    features: float
    most: float
    own: float = 0.0

    @property
    def excess(self) -> str:
        """What differs too much, for the user; empty where nothing does."""
        if not self.probabilities <= self.most:
            found = f"its probabilities differ by {self.probabilities:.1g} from torch's"
            unstable = f", which change by {self.own:.1g} themselves with the order of additions"
            return found + (unstable if self.own > TOLERANCE else "")
        if not self.features <= FEATURE_GAP:
            return f"its features differ by {self.features:.1g} of the largest from torch's"
        return ""


@dataclass(frozen=True)
class TorchReference:
    """Answers of torch.

    Attributes:
        outputs: what is compared.
        pictures: uint8 [3, size, size, channels], random squares.
        expected: probabilities float32 [3, classes] and, where compared, features float32 [3, D].
        most: largest difference of a probability that is allowed.
        own: difference of torch's own probabilities with another memory format and for one picture alone.
    """

    outputs: GraphOutputs
    pictures: Pictures
    expected: tuple[Floats, ...]
    most: float
    own: float = 0.0

    @classmethod
    def of(cls, network: Network, size: int, channels: int, outputs: GraphOutputs) -> TorchReference:
        """Return the answers of a network on the CPU, which is set to evaluation mode.

        Args:
            network: to compute with.
            size, channels: of its pictures.
            outputs: features are left out where the network has none.
        """
        pictures = _random_squares(size, channels)
        model = network.model.eval()
        with without_modes():
            cpu = torch.device("cpu")
            images = to_input(torch.from_numpy(pictures), network.normalisation, cpu, channels_last=False)
            outputs = replace(outputs, features=outputs.features and feature_width(model, images) > 0)
            logits, *features = logits_and_features(model, images) if outputs.features else (model(images),)
            others = (model(images.contiguous(memory_format=torch.channels_last)), model(images[:1]))
            probabilities, *again = ((one.float() / outputs.temperature).softmax(dim=1) for one in (logits, *others))
            own = max(float((probabilities[: len(one)] - one).abs().max()) for one in again)
        expected = tuple(value.float().numpy() for value in (probabilities, *features))
        most = tolerance_of(model, TOLERANCE) * max(1.0, 1 / outputs.temperature)
        return cls(outputs, pictures, expected, min(MOST, max(most, 2 * own)), own)

    @property
    def picture_shape(self) -> tuple[int, ...]:
        """Height, width and channels."""
        return self.pictures.shape[1:]

    @property
    def width(self) -> int:
        """Columns of the features; 0 where these are not compared."""
        return self.expected[1].shape[1] if self.outputs.features else 0

    def without_features(self) -> TorchReference:
        """Return the reference of the probabilities alone."""
        return replace(self, outputs=replace(self.outputs, features=False), expected=self.expected[:1])

    def compare(self, answering: Answering, any_batch: bool) -> Gap:
        """Return how much others' answers differ: for one picture and, where `any_batch`, for all together."""
        gaps = np.zeros(2)
        for count in (1, len(PARTS)) if any_batch else (1,):
            found = [np.asarray(value) for value in answering(self.pictures[:count])]
            for place, (mine, torchs) in enumerate(zip(found, self.expected, strict=True)):
                scale = float(np.abs(torchs).max()) if place else 1.0
                gaps[place] = max(gaps[place], _difference(mine, torchs[:count]) / (scale or 1.0))
        return Gap(float(gaps[0]), float(gaps[1]), self.most, self.own)


def _random_squares(size: int, channels: int) -> Pictures:
    rng = np.random.default_rng(0)
    coarse = [rng.integers(0, 256, (parts or size,) * 2 + (channels,)).astype(np.uint8) for parts in PARTS]
    return np.stack([one[_places(len(one), size)][:, _places(len(one), size)] for one in coarse])


def _places(parts: int, size: int) -> NDArray[np.int64]:
    """Return the number of the part for each of `size` pixels, int64 [size]."""
    return np.arange(size) * parts // size


def _difference(found: Floats, expected: Floats) -> float:
    """Return the largest difference; infinity for another shape and for what is not a number."""
    if found.shape != expected.shape:
        return float("inf")
    gap = np.abs(found - expected).max()
    return float("inf") if np.isnan(gap) else float(gap)
