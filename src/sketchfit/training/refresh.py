"""Statistics of batch norm for averaged weights, where one or several processes compute them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

from torch import Tensor, nn

from sketchfit.config.training import ComputeSection
from sketchfit.models.batch_norm import refresh_batch_norm
from sketchfit.models.compute import autocast
from sketchfit.training.engine import Engine
from sketchfit.training.synced_norm import SyncedBatchNorm


def refresh_statistics(
    model: nn.Module, names: Sequence[str], batches: Iterable[Tensor], engine: Engine, compute: ComputeSection
) -> None:
    """Compute the running statistics of batch norms again, in place; each process from its share of the batches.

    Args:
        model: on the engine's device; it is left in evaluation mode.
        names: batch norms to refresh.
        batches: inputs, float [B, 3, H, W] each.
        engine: device and processes.
        compute: of the recipe.
    """
    refresh_batch_norm(model, names, batches, _passes(engine, compute))
    if not names or compute.sync_batch_norm:
        return
    for name in names:
        model.get_submodule(name).train()
    engine.average_statistics(model, 1 / engine.processes)
    model.eval()


@contextmanager
def _passes(engine: Engine, compute: ComputeSection) -> Iterator[None]:
    """Enter what the forward passes need."""
    synced = engine.processes > 1 and compute.sync_batch_norm
    with autocast(engine.device, compute.precision), SyncedBatchNorm() if synced else nullcontext():
        yield
