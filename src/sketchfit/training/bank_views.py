"""Views of a member without epochs: one pass of the frozen backbone per picture serves the networks of all folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.features import FeaturePass
from sketchfit.bank.temperature import probabilities
from sketchfit.data.store import Store
from sketchfit.inference.tta import View
from sketchfit.models.feature_network import FeatureNetwork
from sketchfit.models.network import Network
from sketchfit.training.context import Member, RunContext
from sketchfit.training.head_pass import Outputs, logits_of
from sketchfit.training.kernel_head import extractor_of
from sketchfit.training.kernel_views import view_pictures_of

Floats = NDArray[np.float32]


def bank_views(
    context: RunContext, member: Member, network: Network, store: Store, views: Sequence[View], rows: NDArray[np.int64]
) -> dict[str, Floats]:
    """Return a network's probabilities of each view, float32 [n, C], as `Predictor.views` does.

    Args:
        context: of the run.
        member: of the network.
        network: a network with a head in closed form on a frozen backbone that is not blended with its own head.
        store: one of the member's.
        views: at least one.
        rows: int64 [n], of the store.
    """
    model, device = network.model, context.engine.device
    if not isinstance(model, FeatureNetwork):
        raise TypeError(f"{type(model).__name__} has no head on pooled features")
    model.to(device)
    extractor = extractor_of(replace(network, model=model.model), member.recipe, device)
    found: dict[str, Floats] = {}
    for view in views:
        probs = []
        for pictures in view_pictures_of(view, bool(model.mirrored)):
            passes = [FeaturePass(member.recipe, extractor, context.console, one.name, one.make) for one in pictures]
            outputs = Outputs(tuple(one.features(store).rows(rows) for one in passes), ())
            probs.append(probabilities(logits_of(model, outputs, device), 1.0))
        found[view.name] = np.mean(np.stack(probs), axis=0, dtype=np.float32)
    return found
