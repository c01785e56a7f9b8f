"""From a recipe's `loss` section to one callable: the named loss, smoothing, class weights, teacher and contrast."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sketchfit.config.loss import LossName, LossSection
from sketchfit.training.losses.arcface import with_margin
from sketchfit.training.losses.asymmetric import asymmetric
from sketchfit.training.losses.binary import binary_cross_entropy
from sketchfit.training.losses.bitempered import bitempered
from sketchfit.training.losses.class_weights import class_weights
from sketchfit.training.losses.cross_entropy import cross_entropy, smooth
from sketchfit.training.losses.distill import distillation
from sketchfit.training.losses.focal import focal
from sketchfit.training.losses.poly import poly1
from sketchfit.training.losses.rdrop import disagreement
from sketchfit.training.losses.supcon import supervised_contrastive
from sketchfit.training.losses.symmetric import symmetric_cross_entropy

PerSample = Callable[[LossSection, Tensor, Tensor], Tensor]

_LOSSES: dict[str, PerSample] = {
    "ce": lambda _, logits, target: cross_entropy(logits, target),
    "focal": lambda s, logits, target: focal(logits, target, s.focal_gamma),
    "sce": lambda s, logits, target: symmetric_cross_entropy(logits, target, s.sce_alpha, s.sce_beta),
    "poly1": lambda s, logits, target: poly1(logits, target, s.poly_epsilon),
    "bitempered": lambda s, logits, target: bitempered(logits, target, s.bitempered_t1, s.bitempered_t2),
    "asymmetric": lambda s, logits, target: asymmetric(
        logits, target, s.asymmetric_gamma_positive, s.asymmetric_gamma_negative, s.asymmetric_clip
    ),
    "bce": lambda s, logits, target: binary_cross_entropy(logits, target, s.bce_threshold),
    "arcface": lambda _, logits, target: cross_entropy(logits, target),
}


def list_losses() -> list[str]:
    """Names that `loss.name` takes."""
    return list(get_args(LossName))


class Loss(nn.Module):
    """The training loss: Σ weight × class weight × loss / B, computed in float32 at least.

    Dividing by B and not by the weights' sum makes the loss additive over micro-batches. Class weights have mean 1
    over the training rows, so that they don't change the step's size on average.

    Args:
        section: what is asked for.
        class_counts: training rows of each class, int64 [C].
        logit_scale: the cosine head's scale, for ArcFace.
    """

    def __init__(self, section: LossSection, class_counts: NDArray[np.int64], logit_scale: float = 30.0) -> None:
        super().__init__()
        self.section = section
        self.logit_scale = logit_scale
        self.class_weight: Tensor | None
        weighed = section.class_weights != "none"
        weights = class_weights(class_counts, section.class_weights, section.effective_beta) if weighed else None
        self.register_buffer("class_weight", None if weights is None else torch.from_numpy(weights).float())

    @property
    def needs_features(self) -> bool:
        """Whether `auxiliary` wants the features."""
        return self.section.supcon > 0

    @property
    def needs_teacher(self) -> bool:
        """Whether `forward` wants a teacher's probabilities."""
        return self.section.distill > 0

    def forward(
        self, logits: Tensor, target: Tensor, weight: Tensor | None = None, teacher: Tensor | None = None
    ) -> Tensor:
        """The batch's loss, a scalar.

        Args:
            logits: [B, C].
            target: float [B, C], rows summing to 1, as mixing left them and before smoothing.
            weight: of each row, float [B]; None: 1.
            teacher: probabilities [B, C] for `distill`, mixed as the images were.

        Raises:
            ValueError: distillation without a teacher; ArcFace on logits that are no scaled cosines.
        """
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        target = target.to(logits.dtype)
        loss = self.per_sample(logits, target)
        if self.class_weight is not None:
            loss = loss * (target @ self.class_weight.to(logits.dtype))
        if self.needs_teacher:
            if teacher is None:
                raise ValueError("loss.distill is above 0, but no teacher's probabilities were given")
            follow = distillation(logits, teacher.to(logits.dtype), self.section.distill_temperature)
            loss = (1 - self.section.distill) * loss + self.section.distill * follow
        return (loss if weight is None else loss * weight).mean()

    def per_sample(self, logits: Tensor, target: Tensor) -> Tensor:
        """The named loss with smoothing, [B, C] and [B, C] to [B]: no weights, no teacher."""
        if self.section.name == "arcface":
            if logits.detach().abs().max() > 1.01 * self.logit_scale:
                raise ValueError(f"ArcFace needs a cosine head of scale {self.logit_scale:g}: these logits are larger")
            logits = with_margin(logits, target, self.section.arcface_margin, self.logit_scale)
        return _LOSSES[self.section.name](self.section, logits, smooth(target, self.section.smoothing))

    def auxiliary(self, features: Tensor, label: Tensor) -> Tensor:
        """What is added to the loss for the features [B, D] of images with one label each, int64 [B]; a scalar."""
        if not self.needs_features:
            return features.new_zeros(())
        features = features.to(torch.promote_types(features.dtype, torch.float32))
        return self.section.supcon * supervised_contrastive(features, label, self.section.supcon_temperature)

    @property
    def needs_second_pass(self) -> bool:
        """Whether `consistency` wants the logits of a second pass over the same batch."""
        return self.section.r_drop > 0

    def consistency(self, first: Tensor, second: Tensor) -> Tensor:
        """What is added for two passes' logits [B, C] that differ by their dropout alone; a scalar.

        The rest of the loss is then the mean of both passes'.
        """
        if not self.needs_second_pass:
            return first.new_zeros(())
        wide = torch.promote_types(first.dtype, torch.float32)
        return self.section.r_drop * disagreement(first.to(wide), second.to(wide)).mean()


def build_loss(section: LossSection, class_counts: NDArray[np.int64], logit_scale: float = 30.0) -> Loss:
    """The loss that a recipe asks for; see `Loss`."""
    return Loss(section, class_counts, logit_scale)
