"""Fit a head on features that were computed once: a linear probe, or the first half of LP-FT.

Paper: "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", Kumar et al., arXiv
2202.10054: a random head's first gradients spoil good features; a head that already fits leaves them nearly alone.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from sketchfit.config.probe import ProbeSection


def fit_head(
    head: nn.Module,
    features: Tensor,
    target: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor],
    section: ProbeSection,
) -> float:
    """Minimise the loss over all rows at once by L-BFGS, in place; no randomness, dropout off.

    Args:
        head: [N, D] to [N, C]; left in the mode that it was in, frozen parameters as they are.
        features: float [N, D], on the head's device.
        target: float [N, C], rows summing to 1.
        loss: of logits and target, a scalar; `losses.build_loss` makes one.
        section: `l2` and `iterations`.

    Returns:
        The loss reached, with the penalty.

    Raises:
        ValueError: a feature isn't finite.
    """
    if not torch.isfinite(features).all():
        raise ValueError("a feature isn't finite: the backbone gives NaN or infinity for some image")
    learned = [parameter for parameter in head.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in learned if parameter.ndim > 1]
    optimizer = torch.optim.LBFGS(
        learned, max_iter=section.iterations, history_size=20, line_search_fn="strong_wolfe", tolerance_grad=1e-6
    )

    def objective() -> Tensor:
        penalty = torch.stack([matrix.square().sum() for matrix in matrices]).sum()
        return loss(head(features), target) + section.l2 / 2 * penalty

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = objective()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    training = head.training
    head.eval()
    optimizer.step(closure)  # type: ignore[no-untyped-call]
    optimizer.zero_grad()
    with torch.no_grad():
        reached = float(objective())
    head.train(training)
    return reached
