"""Binary cross-entropy: a sigmoid a class instead of one softmax.

Paper: "ResNet strikes back", Wightman et al., arXiv 2110.00476.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def binary_cross_entropy(logits: Tensor, target: Tensor, threshold: float | None) -> Tensor:
    """Σ over classes of the binary cross-entropy, [B, C] and [B, C] to [B].

    With a threshold, targets above it count as 1 and the others as 0: a mixed image is wholly both of its classes.
    """
    if threshold is not None:
        target = (target > threshold).to(logits.dtype)
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(1)
