"""Sharpness-aware minimisation: computes the gradient where the loss is highest nearby, and steps from the old weights.

Paper: "Sharpness-Aware Minimization for Efficiently Improving Generalization", Foret et al., arXiv 2010.01412; adaptive
(scale-invariant) form: "ASAM", Kwon et al., arXiv 2102.11600.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from sketchfit.config.optimizer import OptimizerSection

_DEFAULT_RHO = {"sam": 0.05, "asam": 0.5}


class SAM:
    """SAM around any optimizer:

        loss(model(x)).backward(); sam.ascend(); optimizer.zero_grad()
        with paused_statistics(model):
            loss(model(x)).backward()
        sam.restore(); clip(…); optimizer.step()

    It stores nothing between updates, so a checkpoint only needs the optimizer. The ascent depends only on the
    direction of the gradient, so a loss that is scaled for fp16 needs no unscaling before it. With gradient
    accumulation both passes must use the same batches.

    Args:
        optimizer: of the parameters.
        rho: radius of the neighbourhood, above 0.
        adaptive: ASAM: for matrices, the radius is relative to the size of each weight; for vectors (biases, norms) it
            is that of SAM.
        eta: ASAM: added to the sizes.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, rho: float = 0.05, adaptive: bool = False, eta: float = 0.01
    ) -> None:
        self.optimizer = optimizer
        self.rho = rho
        self.adaptive = adaptive
        self.eta = eta
        self._origin: list[tuple[Tensor, Tensor]] = []

    @torch.no_grad()
    def ascend(self) -> None:
        """Move each parameter by rho along its gradient (normalised over all of them), and store its value."""
        if self._origin:
            raise RuntimeError("SAM.ascend was called twice without SAM.restore between")
        parameters = [p for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
        if not parameters:
            return
        scaled = [self._size(p) * p.grad for p in parameters]
        length = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(s.float()) for s in scaled]))
        self._origin = [(p, p.clone()) for p in parameters]
        for parameter, direction in zip(parameters, scaled, strict=True):
            step = self._size(parameter) * direction * (self.rho / (length + 1e-12))
            parameter.add_(step.to(parameter.dtype))

    def _size(self, parameter: Tensor) -> Tensor | float:
        return parameter.abs() + self.eta if self.adaptive and parameter.ndim > 1 else 1.0

    @torch.no_grad()
    def restore(self) -> None:
        """Restore each parameter exactly; gradients are kept."""
        for parameter, origin in self._origin:
            parameter.copy_(origin)
        self._origin = []


def build_sam(optimizer: torch.optim.Optimizer, section: OptimizerSection) -> SAM | None:
    """Return the recipe's SAM around an optimizer; None for `sam: none`."""
    if section.sam == "none":
        return None
    return SAM(optimizer, section.sam_rho or _DEFAULT_RHO[section.sam], adaptive=section.sam == "asam")


@contextmanager
def paused_statistics(model: nn.Module) -> Iterator[None]:
    """Do not update batch norm's running statistics: for SAM's second pass, whose weights are temporary."""
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.training and m.track_running_stats]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
