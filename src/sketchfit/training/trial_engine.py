"""The engine of a trial."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from sketchfit.training.engine import Engine


class TrialEngine(Engine):
    """An engine of one process on a device, without accelerate: a trial must not change the state of the run's own."""

    def __init__(self, device: torch.device) -> None:
        self.is_main, self.device, self.processes, self.rank = True, device, 1, 0

    @override
    def wait(self) -> None:
        """Do nothing: there is one process."""

    @override
    def prepare_optimizer(self, optimizer: torch.optim.Optimizer) -> Any:
        """Return the optimizer itself: gradients are not scaled."""
        return optimizer

    @override
    def backward(self, loss: Tensor) -> None:
        """Compute gradients."""
        loss.backward()  # type: ignore[no-untyped-call]

    @override
    def accumulating(self, model: nn.Module) -> AbstractContextManager[Any]:
        """Return a context that changes nothing."""
        return nullcontext()

    @override
    def clip_gradients(self, parameters: Iterable[nn.Parameter], norm: float) -> None:
        """Scale gradients down to this norm where theirs is larger."""
        nn.utils.clip_grad_norm_(parameters, norm)

    @property
    @override
    def scaler(self) -> Any:
        """None: gradients are not scaled."""
        return None
