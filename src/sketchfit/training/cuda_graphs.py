"""The forward and backward passes of an update as CUDA graphs: recorded once, then started by one call.

A small network has over a thousand kernels per update, and the processor needs longer to start them one by one than a
fast GPU needs to compute them. A graph starts them all at once. Paper on the feature: "PyTorch 2", Ansel et al., ASPLOS
2024; see also "CUDA semantics: CUDA Graphs" in the documentation of PyTorch. `torch.cuda.make_graphed_callables`
records the passes of a module without the loss, after further passes that change the statistics of batch norm.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace

import torch
from torch import Tensor, nn

from sketchfit.tracking.console import ONCE
from sketchfit.training.micro import Micro

BEFORE = 3
"""Updates of a shape before its graph is recorded: kernels are chosen in the first ones."""

MOST = 2
"""Graphs that are kept, because each holds the activations of its batch."""

Passes = Callable[[Sequence[Micro]], tuple[Tensor, Tensor]]
"""Adds the gradients of some batches to those of the weights, and returns two figures, scalars on the device."""

Shape = tuple[tuple[object, ...], ...]

WAITED = "called a synchronizing CUDA operation"
"""In a warning of torch."""
PROTOTYPE = "Synchronization debug mode is a prototype feature"
"""In a warning of torch on the first use."""

_failed: list[str] = []
"""Names of trainings of this process whose graph could not be recorded: what that leaves behind may disturb others."""

_LOG = logging.getLogger(__name__)


class CudaGraphs:
    """The graphs of a training, one for each shape of its batches.

    The kernels are those of an update without a graph, in the same order, with the same random numbers for the same
    seed. A graph is only valid as long as the same module computes with the same settings: make a new object when the
    module, or what is trained of it, changes.

    Args:
        model: whose weights get gradients; they have none between two updates.
        name: of the training, for messages.
    """

    def __init__(self, model: nn.Module, name: str) -> None:
        self._model, self._name = model, name
        self._seen: dict[Shape, int] = {}
        self._graphs: dict[Shape, _Graph] = {}
        self._fails = bool(_failed)

    def __call__(self, passes: Passes, micros: Sequence[Micro]) -> tuple[Tensor, Tensor]:
        """Compute the gradients and figures of some batches, by their graph where there is one.

        Where an operation waits for the device, no graph is recorded, as that would fail. Where recording fails for
        another reason, such as too little memory, no training of this process records one again.

        Args:
            passes: what a graph records; the same function at each call.
            micros: batches whose gradients are summed.
        """
        if self._fails:
            return passes(micros)
        shape = _shape_of(micros)
        if shape not in self._graphs:
            seen = self._seen[shape] = self._seen.get(shape, 0) + 1
            if seen < BEFORE:
                return passes(micros)
            if seen == BEFORE:
                return self._watched(passes, micros)
            if not self._recorded(shape, passes, micros):
                return passes(micros)
        return self._graphs[shape].gradients(micros)

    def _watched(self, passes: Passes, micros: Sequence[Micro]) -> tuple[Tensor, Tensor]:
        """Compute without a graph, and note whether an operation waits for the device."""
        with warnings.catch_warnings(record=True) as caught, _noted_waiting():
            warnings.simplefilter("always")
            figures = passes(micros)
        if any(WAITED in str(one.message) for one in caught):
            self._stop("an operation waits for the device")
        for one in caught:
            if not any(text in str(one.message) for text in (WAITED, PROTOTYPE)):
                warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
        return figures

    def _recorded(self, shape: Shape, passes: Passes, micros: Sequence[Micro]) -> bool:
        """Record the graph of a shape; return whether that was possible."""
        while len(self._graphs) >= MOST:
            del self._graphs[next(iter(self._graphs))]
        stream = torch.cuda.current_stream() if torch.cuda.is_available() else None
        try:
            self._graphs[shape] = _Graph(self._model, passes, micros)
            return True
        except RuntimeError as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        # The error, which holds the memory of what was computed, is gone here.
        _failed.append(self._name)
        if stream is not None:
            torch.cuda.set_stream(stream)
            torch.cuda.empty_cache()
        self._model.zero_grad()
        self._stop(reason)
        return False

    def _stop(self, reason: str) -> None:
        """Record no further graphs, and state why."""
        self._fails = True
        self._graphs.clear()
        _LOG.info(
            "%s: training without CUDA graphs, as they cannot be recorded: %s",
            self._name,
            reason,
            extra={ONCE: f"CUDA graphs, {reason}"},
        )


@contextmanager
def _noted_waiting() -> Iterator[None]:
    """Let torch warn of each operation that waits for a CUDA device."""
    if not torch.cuda.is_available():
        yield
        return
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("warn")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


class _Graph:
    """One recorded graph with the memory of its input, its gradients and its figures."""

    def __init__(self, model: nn.Module, passes: Passes, micros: Sequence[Micro]) -> None:
        self._inputs = [_copy(micro) for micro in micros]
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._figures = passes(self._inputs)
        self._gradients = [(weight, weight.grad) for weight in model.parameters() if weight.grad is not None]

    def gradients(self, micros: Sequence[Micro]) -> tuple[Tensor, Tensor]:
        """Compute the gradients of batches of the recorded shape; return their figures."""
        for held, micro in zip(self._inputs, micros, strict=True):
            for name in _tensors_of(held):
                getattr(held, name).copy_(getattr(micro, name), non_blocking=True)
        self._graph.replay()
        for weight, gradient in self._gradients:
            weight.grad = gradient
        loss_sum, right = self._figures
        return loss_sum.clone(), right.clone()


def _tensors_of(micro: Micro) -> list[str]:
    """Return the names of the fields that are tensors."""
    return [one.name for one in fields(micro) if isinstance(getattr(micro, one.name), Tensor)]


def _copy(micro: Micro) -> Micro:
    """Return a copy of a batch in the same memory format."""
    return replace(micro, **{name: getattr(micro, name).clone() for name in _tensors_of(micro)})


def _shape_of(micros: Sequence[Micro]) -> Shape:
    """Return all that a graph depends on, of some batches."""
    return tuple(tuple((name, *_layout(getattr(micro, name))) for name in _tensors_of(micro)) for micro in micros)


def _layout(tensor: Tensor) -> tuple[object, ...]:
    return tensor.shape, tensor.stride(), tensor.dtype
