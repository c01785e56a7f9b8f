"""Fits a head on features: a linear probe, or the first half of LP-FT.

Paper: "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", Kumar et al., arXiv
2202.10054: the first gradients of a random head distort good features; a head that fits already hardly changes them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from sketchfit.config.probe import ProbeSection
from sketchfit.models.classifier import classify
from sketchfit.models.head_modules import CosineHead


def fit_head(
    head: nn.Module,
    features: Tensor,
    target: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor],
    section: ProbeSection,
) -> float:
    """Minimise the loss over all rows by L-BFGS, in place; nothing is random, and dropout is off.

    Args:
        head: [N, D] to [N, C], or a 1 × 1 convolution; its mode and its frozen parameters are not changed.
        features: float [N, D], on the head's device.
        target: float [N, C], rows summing to 1.
        loss: of logits and target, a scalar; see `training.loss`.
        section: `l2` and `iterations`.

    Returns:
        The minimum that was reached, with the penalty.

    Raises:
        ValueError: a feature is not finite.
    """
    if not torch.isfinite(features).all():
        raise ValueError("a feature is not finite: the backbone returns NaN or infinity for an image")
    trained = [parameter for parameter in head.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in trained if parameter.ndim > 1]
    optimizer = torch.optim.LBFGS(
        trained, max_iter=section.iterations, history_size=20, line_search_fn="strong_wolfe", tolerance_grad=1e-6
    )

    def objective() -> Tensor:
        penalty = torch.stack([matrix.square().sum() for matrix in matrices]).sum()
        return loss(classify(head, features), target) + section.l2 / 2 * penalty

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = objective()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    mode = head.training
    head.eval()
    lengths = _direction_lengths(head)
    optimizer.step(closure)  # type: ignore[no-untyped-call]
    optimizer.zero_grad()
    with torch.no_grad():
        reached = float(objective())
        if isinstance(head, CosineHead):
            head.weight.mul_(lengths / _direction_lengths(head))
    head.train(mode)
    return reached


def _direction_lengths(head: nn.Module) -> Tensor:
    """Return the length of the direction of each class of a cosine head, [C, 1]; 1 for other heads.

    It does not change the cosines, but the penalty makes it short. The first updates of the training would then turn
    the direction by large angles, so the length is restored after the fit.
    """
    return head.weight.detach().norm(dim=1, keepdim=True) if isinstance(head, CosineHead) else torch.ones(())
