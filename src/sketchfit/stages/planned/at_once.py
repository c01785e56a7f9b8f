"""How many networks are trained at the same time, and the threads of each.

The operations of a small network are too short for several threads: two trainings with one thread each do more per
second than one training with two threads. With several GPUs, each network has one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from sketchfit.memory import available_memory
from sketchfit.stages.context import RunContext

log = logging.getLogger(__name__)

MOST = 4
"""Networks at the same time on a CPU; more of them leave too little time for each."""

BYTES = 3 << 30
"""Memory that is free for each of them."""


def networks_at_once(context: RunContext, gpus: Sequence[str] = ()) -> int:
    """Return the number of networks that a run with a deadline trains at the same time.

    Args:
        context: of the run.
        gpus: from `find_gpus`; a network has one of them.
    """
    on_cpu = context.engine.device.type == "cpu"
    if context.engine.processes > 1 or not (gpus or on_cpu):
        return 1
    wanted = context.recipe.compute.networks_at_once
    if wanted == "auto":
        most = len(gpus) or min(MOST, torch.get_num_threads())
        return max(1, min(most, available_memory() // BYTES))
    if gpus and wanted > len(gpus):
        log.info(f"compute.networks_at_once is {len(gpus)} in place of {wanted}: each network has one GPU")
        return len(gpus)
    return wanted


def networks_on_device(context: RunContext, at_once: int) -> int:
    """Return how many of the networks that are trained at the same time share a device: all on a CPU, 1 on a GPU."""
    return at_once if context.engine.device.type == "cpu" else 1


@contextmanager
def share_of_threads(at_once: int) -> Iterator[None]:
    """Let torch use the threads of one of the networks that are trained at the same time while the block runs."""
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // at_once))
    try:
        yield
    finally:
        torch.set_num_threads(threads)
