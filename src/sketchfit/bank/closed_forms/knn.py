"""Nearest neighbours: one matrix of distances serves all folds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from sketchfit.bank.closed_form import choices
from sketchfit.bank.closed_forms import closed_forms
from sketchfit.bank.neighbours import NeighbourHead, NeighbourRows, NeighbourSettings
from sketchfit.config.kernel import KernelSection
from sketchfit.models.neighbour_network import NeighbourNetwork
from sketchfit.models.pooling import Pooling

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

NEIGHBOURS = (10, 20, 5)
SMOOTHING = (0.05,)


class NeighbourForm:
    """Nearest neighbours."""

    module = NeighbourNetwork

    def candidates(self, section: KernelSection) -> tuple[NeighbourSettings, ...]:
        """Return numbers of neighbours, with the share that is added to each class."""
        counts = choices(section.neighbours, NEIGHBOURS)
        return tuple(NeighbourSettings(count, one) for count in counts for one in choices(section.strength, SMOOTHING))

    def fit(
        self, features: Callable[[Rows], Floats], label: Rows, classes: int, settings: NeighbourSettings
    ) -> NeighbourRows:
        """Return all rows."""
        return NeighbourRows(features(np.arange(len(label))), label, classes, settings)

    def network(self, head: NeighbourHead, model: nn.Module, pooling: Pooling) -> NeighbourNetwork:
        """Return a network with a fitted head."""
        buffers = {
            "support": torch.from_numpy(head.features.astype(np.float16)),
            "vote": F.one_hot(torch.from_numpy(head.label), head.classes).float(),
            "neighbours": torch.tensor(min(head.settings.count + 1, len(head.label))),
            "smoothing": torch.tensor(head.settings.smoothing, dtype=torch.float32),
        }
        return NeighbourNetwork.of_head(model, pooling, head.features.shape[1], buffers)


closed_forms.register("knn")(NeighbourForm())
