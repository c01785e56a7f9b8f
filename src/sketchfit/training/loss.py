"""The training loss of a recipe: the named loss with smoothing, class weights, a teacher and the added terms."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sketchfit.config.loss import LossSection
from sketchfit.training.loss_terms.class_weights import class_weights
from sketchfit.training.loss_terms.distillation import distillation
from sketchfit.training.loss_terms.r_drop import disagreement
from sketchfit.training.loss_terms.supervised_contrast import supervised_contrast


class Loss(nn.Module):
    """The training loss: Σ weight × class weight × loss / B, computed at least in float32.

    Dividing by B and not by the weights' sum makes the loss additive over micro-batches. Class weights have mean 1
    over the training rows, so that they do not change the size of an update on average.

    Args:
        section: the recipe's settings.
        class_counts: training rows of each class, int64 [C].
        logit_scale: the scale of the head's cosines; None where the head's logits are not cosines.
    """

    def __init__(self, section: LossSection, class_counts: NDArray[np.int64], logit_scale: float | None = None) -> None:
        super().__init__()
        self.section = section
        self.logit_scale = logit_scale
        self.class_weight: Tensor | None
        weighed = section.class_weights != "none"
        weights = class_weights(class_counts, section.class_weights, section.effective_beta) if weighed else None
        self.register_buffer("class_weight", None if weights is None else torch.from_numpy(weights).float())

    @property
    def needs_features(self) -> bool:
        """Whether `auxiliary` needs the features."""
        return self.section.supcon > 0

    @property
    def needs_teacher(self) -> bool:
        """Whether `forward` needs a teacher's probabilities."""
        return self.section.distill > 0

    def forward(
        self, logits: Tensor, target: Tensor, weight: Tensor | None = None, teacher: Tensor | None = None
    ) -> Tensor:
        """Return the batch's loss, a scalar.

        Args:
            logits: [B, C].
            target: float [B, C], rows summing to 1, after mixing and before smoothing.
            weight: of each row, float [B]; None: 1 each.
            teacher: probabilities [B, C] for `distill`, mixed as the images were.

        Raises:
            ValueError: distillation without a teacher; ArcFace on logits that are not scaled cosines.
        """
        with _without_autocast(logits):
            return self._forward(logits, target, weight, teacher)

    def _forward(self, logits: Tensor, target: Tensor, weight: Tensor | None, teacher: Tensor | None) -> Tensor:
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        target = target.to(logits.dtype)
        loss = self.per_sample(logits, target)
        if self.class_weight is not None:
            loss = loss * (target @ self.class_weight.to(logits.dtype))
        if self.needs_teacher:
            if teacher is None:
                raise ValueError("loss.distill is above 0, but no teacher's probabilities were given")
            imitation = distillation(logits, teacher.to(logits.dtype), self.section.distill_temperature)
            loss = (1 - self.section.distill) * loss + self.section.distill * imitation
        return (loss if weight is None else loss * weight).mean()

    def per_sample(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the named loss with smoothing, [B, C] and [B, C] to [B], without weights and teacher."""
        logits = self.section.adjusted(logits, target, self.logit_scale)
        return self.section.per_sample(logits, smooth(self.section.targets(target), self.section.smoothing))

    def auxiliary(self, features: Tensor, label: Tensor) -> Tensor:
        """Return the contrastive term for the features [B, D] of images with one label each, int64 [B]; a scalar."""
        if not self.needs_features:
            return features.new_zeros(())
        features = features.to(torch.promote_types(features.dtype, torch.float32))
        with _without_autocast(features):
            return self.section.supcon * supervised_contrast(features, label, self.section.supcon_temperature)

    @property
    def needs_second_pass(self) -> bool:
        """Whether `consistency` needs the logits of a second pass over the same batch."""
        return self.section.r_drop > 0

    def consistency(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the R-Drop term for the logits [B, C] of two passes that differ only by dropout; a scalar.

        The rest of the loss is then the mean over both passes.
        """
        if not self.needs_second_pass:
            return first.new_zeros(())
        wide = torch.promote_types(first.dtype, torch.float32)
        return self.section.r_drop * disagreement(first.to(wide), second.to(wide)).mean()


def _without_autocast(tensor: Tensor) -> torch.autocast:
    """Return a context in which products are computed in the type of their factors, also in a step under autocast."""
    return torch.autocast(tensor.device.type, enabled=False)


def smooth(target: Tensor, smoothing: float) -> Tensor:
    """Return (1 - smoothing) × target + smoothing / C, [B, C]; rows that sum to 1 still do.

    Source: "Rethinking the Inception Architecture for Computer Vision", Szegedy et al., arXiv 1512.00567.
    """
    return target * (1 - smoothing) + smoothing / target.shape[1] if smoothing else target
