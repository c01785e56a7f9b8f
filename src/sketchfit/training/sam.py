"""Sharpness-aware minimisation: take the gradient where the loss is highest nearby, step from where one was.

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
    """SAM around any optimizer, for a plain loop:

        loss(model(x)).backward(); sam.ascend(); optimizer.zero_grad()
        with paused_statistics(model):
            loss(model(x)).backward()
        sam.restore(); clip(…); optimizer.step()         # `sam.descend()` is restore and step

    It keeps nothing from one update to the next, so a checkpoint holds the optimizer alone. The ascent follows the
    gradient's direction only, so a loss scaled for fp16 needs no unscaling before it. With gradient accumulation both
    passes must see the same micro-batches.

    Args:
        optimizer: holds the parameters.
        rho: radius of the neighbourhood, above 0.
        adaptive: ASAM: measure the radius relative to each weight's size, for matrices; vectors (biases, norms) as in
            SAM.
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
        """Move each parameter by rho along its gradient (of norm 1 over all of them); keep where it was."""
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
        """Put each parameter back, exactly; gradients stay."""
        for parameter, origin in self._origin:
            parameter.copy_(origin)
        self._origin = []

    def descend(self) -> None:
        """Put each parameter back and let the optimizer step with the gradients taken at the top."""
        self.restore()
        self.optimizer.step()


def build_sam(optimizer: torch.optim.Optimizer, section: OptimizerSection) -> SAM | None:
    """The SAM that a recipe asks for around its optimizer; None for `sam: none`."""
    if section.sam == "none":
        return None
    return SAM(optimizer, section.sam_rho or _DEFAULT_RHO[section.sam], adaptive=section.sam == "asam")


@contextmanager
def paused_statistics(model: nn.Module) -> Iterator[None]:
    """Keep batch norm's running statistics still, as in SAM's second pass, which sees other weights than will stay."""
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.training and m.track_running_stats]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
