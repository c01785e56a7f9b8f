"""The contract of a backend: it computes the probabilities of a trained network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # recipes are checked before torch is imported
    from sketchfit.models.compute import Compute
    from sketchfit.models.network import Network

Pictures = NDArray[np.uint8]
"""uint8 [B, H, W, C], C 1 or 3."""
Floats = NDArray[np.float32]

TOLERANCE = 1e-5
"""Largest difference of a probability from torch's, both in fp32, with which a backend is used."""


class Backend(Protocol):
    """Computes probabilities. Call it in torch's inference mode, and under autocast for a lower precision than fp32."""

    def __call__(self, pictures: Pictures, /) -> Floats:
        """Return the probabilities float32 [B, classes] of pictures uint8 [B, H, W, C]; rows sum to 1."""
        ...


class BackendKind(ABC):
    """A kind of backend. Register a subclass in `models.backends.backends` under its name in recipes.

    The result is compared with torch at the first batch, and torch is used where building fails or the two differ.
    """

    packages: ClassVar[tuple[str, ...]] = ()
    """Packages that must be installed."""
    devices: ClassVar[tuple[str, ...]] = ()
    """Types of devices that it computes on (`cpu`, `cuda`, `mps`); empty: all."""
    auto: ClassVar[int] = 0
    """`inference.backend=auto` takes the installed backend with the highest rank, for fp32 alone; 0: never this one."""

    @classmethod
    @abstractmethod
    def build(cls, network: Network, pictures: Pictures, compute: Compute) -> Backend:
        """Return the backend of a network; any exception means that it cannot be built.

        Args:
            network: in evaluation mode, on the device of `compute`; not to be changed.
            pictures: the first batch. Later ones have its height, width and channels, but another number of pictures.
            compute: device, precision and memory format.
        """

    @classmethod
    def tolerance(cls, compute: Compute) -> float | None:
        """Return the largest difference of a probability from torch's in fp32; None: the two are not compared."""
        del compute
        return TOLERANCE
