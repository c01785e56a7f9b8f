"""R-Drop: "R-Drop: Regularized Dropout for Neural Networks", Liang et al., arXiv 2106.14448."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def disagreement(first: Tensor, second: Tensor) -> Tensor:
    """Return the mean of KL(p ‖ q) and KL(q ‖ p) for two passes' logits, [B, C] and [B, C] to [B]."""
    log_p, log_q = first.log_softmax(1), second.log_softmax(1)
    there = F.kl_div(log_q, log_p, reduction="none", log_target=True).sum(1)
    back = F.kl_div(log_p, log_q, reduction="none", log_target=True).sum(1)
    return (there + back) / 2
