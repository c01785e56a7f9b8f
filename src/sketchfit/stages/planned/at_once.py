"""How many networks are trained at the same time on a CPU, and the threads of each.

The operations of a small network are too short for several threads: two trainings with one thread each do more per
second than one training with two threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from sketchfit.memory import available_memory
from sketchfit.stages.context import RunContext

MOST = 4
"""Networks at the same time; more of them leave too little time for each."""

BYTES = 3 << 30
"""Memory that is free for each of them."""


def networks_at_once(context: RunContext) -> int:
    """Return the number of networks that a run with a deadline trains at the same time: 1 on a GPU."""
    if context.engine.device.type != "cpu" or context.engine.processes > 1:
        return 1
    wanted, threads = context.recipe.compute.networks_at_once, torch.get_num_threads()
    if wanted != "auto":
        return wanted
    return max(1, min(MOST, threads, available_memory() // BYTES))


@contextmanager
def share_of_threads(at_once: int) -> Iterator[None]:
    """Let torch use the threads of one of the networks that are trained at the same time while the block runs."""
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // at_once))
    try:
        yield
    finally:
        torch.set_num_threads(threads)
