from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor

from sketchfit.config.loss import LossSection


class Tversky(LossSection):
    """Tversky loss over softmax (Salehi et al., arXiv 1706.05721): separate weights for misses and false alarms."""

    name: Literal["tversky"] = "tversky"
    tversky_misses: Annotated[float, Field(gt=0)] = 0.7
    """Weight of the probability that the target class lacks."""

    def per_sample(self, logits: Tensor, target: Tensor) -> Tensor:
        p = logits.softmax(1)
        hit = (p * target).sum(1)
        missed, false = (target * (1 - p)).sum(1), (p * (1 - target)).sum(1)
        return 1 - hit / (hit + self.tversky_misses * missed + (1 - self.tversky_misses) * false + 1e-6)
