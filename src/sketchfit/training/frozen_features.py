"""Features of a frozen backbone, computed once for all epochs in which only the head is trained.

This needs pictures that do not change between epochs. Such an epoch then only costs a pass through the head. The result
is the same, up to the rounding of batches of another size: same rows in the same order, same targets, optimizer,
schedule and average.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sketchfit.config.policies import policy_of
from sketchfit.models.batch_norm import learning_batch_norms
from sketchfit.models.classifier import classifier_names, classify, features_of
from sketchfit.models.network import Normalisation
from sketchfit.training.job import FitJob
from sketchfit.training.loss import Loss
from sketchfit.training.lp_ft import EntirePictures, backbone_features
from sketchfit.training.plan import EpochPlan

MOST_BYTES = 1 << 30
"""Larger features are not stored, so that the memory of a training does not grow with the number of rows."""


@dataclass(frozen=True)
class FrozenFeatures:
    """Features of the training rows.

    Attributes:
        head: name of the classifier, their input.
        values: float32 [n, D], on the training's device.
        place: int64 [N], where a row of the store is in `values`; -1 where it is not.
    """

    head: str
    values: Tensor
    place: NDArray[np.int64]

    def of(self, rows: NDArray[np.int64]) -> Tensor:
        """Features float32 [B, D] of rows of the store."""
        return self.values[torch.from_numpy(self.place[rows]).to(self.values.device)]


def only_the_head_learns(job: FitJob, model: nn.Module, loss: Loss, epoch: EpochPlan, epochs: int) -> str | None:
    """Return the name of the classifier if only it is trained in this epoch, on unchanged pictures; None otherwise.

    Args:
        model: after `apply_freezing` for this epoch.
        loss: of the training.
        epochs: number of epochs of the training.
    """
    transforms, names = job.recipe.transforms, classifier_names(model)
    if len(names) != 1 or loss.needs_features or epoch.size != job.recipe.model.size:
        return None
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    if not trained or not all(name.startswith(f"{names[0]}.") for name in trained) or learning_batch_norms(model):
        return None
    if policy_of(transforms, epoch.epoch, epochs) or transforms.mixes_at(epoch.epoch, epochs) or _is_random(model):
        return None
    return names[0]


def compute_features(job: FitJob, model: nn.Module, normalisation: Normalisation, head: str) -> FrozenFeatures | None:
    """Compute the features of each training row; the model is left in eval mode.

    Args:
        model: unwrapped, on its device.
        head: name of its classifier.

    Returns:
        None if they would take too much memory, or if the logits are not only the classifier's output.
    """
    network: Any = model
    width = int(getattr(model, "head_hidden_size", network.num_features))
    if len(job.train_rows) * width * 4 > MOST_BYTES:
        return None
    device = next(model.parameters()).device
    model.eval()
    with torch.no_grad():
        for images in EntirePictures(job, model, normalisation, device).of([job.train_rows[:2]]):
            features = features_of(model, images)
            if not torch.allclose(classify(model.get_submodule(head), features), model(images), rtol=1e-3, atol=1e-4):
                return None
    place = np.full(len(job.label), -1, dtype=np.int64)
    place[job.train_rows] = np.arange(len(job.train_rows))
    return FrozenFeatures(head, backbone_features(job, job.train_rows, model, normalisation, device), place)


def _is_random(model: nn.Module) -> bool:
    """Return whether a part of it is random in training: dropout, drop-path and the like, also timm's own."""
    if getattr(model, "drop_rate", 0.0):
        return True
    kinds = (module for module in model.modules() if "drop" in type(module).__name__.lower())
    return any(getattr(kind, share, None) for kind in kinds for share in ("p", "drop_prob", "prob"))
