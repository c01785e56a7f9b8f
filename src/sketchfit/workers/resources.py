"""What each training unit gets: threads, GPUs, memory; and how many are trained at the same time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

BYTES = 3 << 30
"""Memory of a unit on a node without GPU, where nobody has set the number of workers."""


@dataclass(frozen=True)
class NodeSize:
    """What a node has.

    Attributes:
        cores: that may be used.
        gpus: number of GPUs that may be used.
        memory: bytes.
    """

    cores: int
    gpus: int = 0
    memory: int = 1 << 62


@dataclass(frozen=True)
class UnitShare:
    """What a unit gets.

    Attributes:
        threads: of torch and of linear algebra. On a CPU the bits of a network depend on them.
        gpus: GPUs, or a part of one; 0: it is trained on a CPU.
        at_once: units that are trained at the same time.
        memory: bytes that must be free on the node; 0: any.
    """

    threads: int
    gpus: float
    at_once: int
    memory: int = 0


def unit_share(
    workers: int | None, nodes: Sequence[NodeSize], units: int, *, gpu: bool, threads: int | None = None
) -> UnitShare:
    """Divide nodes among units.

    With GPUs, each unit gets one; more workers than GPUs share them in equal parts. On CPUs, units get as many threads
    as possible while all that can be trained at the same time are: a machine of n cores trains n/k units of k threads.

    Args:
        workers: units at the same time; None: as many as there is something for.
        nodes: at least one.
        units: that are to be trained; at least 1.
        gpu: whether units are trained on GPUs.
        threads: of a unit, where they are already decided.

    Examples:
        >>> unit_share(None, [NodeSize(4, gpus=2)], 5, gpu=True)
        UnitShare(threads=2, gpus=1.0, at_once=2, memory=0)
        >>> unit_share(4, [NodeSize(16)], 10, gpu=False)
        UnitShare(threads=4, gpus=0.0, at_once=4, memory=0)
    """
    if gpu:
        return _gpu_share(workers, nodes, units, threads)
    memory = BYTES if workers is None else 0
    most = sum(_slots(node, 1, memory) for node in nodes)
    wanted = min(most, units if workers is None else workers)
    if threads is None:
        threads = max(k for k in range(1, max(node.cores for node in nodes) + 1) if _total(nodes, k, memory) >= wanted)
    at_once = max(1, min(_total(nodes, threads, memory), wanted))
    return UnitShare(threads, 0.0, at_once, min(memory, *(node.memory for node in nodes)))


def _total(nodes: Sequence[NodeSize], threads: int, memory: int) -> int:
    return sum(_slots(node, threads, memory) for node in nodes)


def _slots(node: NodeSize, threads: int, memory: int) -> int:
    """Return the units that a node trains at the same time; where its memory is small, one if it has the cores."""
    by_cores = node.cores // threads
    return min(by_cores, max(1, node.memory // memory)) if memory else by_cores


def _gpu_share(workers: int | None, nodes: Sequence[NodeSize], units: int, threads: int | None) -> UnitShare:
    having = [node for node in nodes if node.gpus]
    gpus = sum(node.gpus for node in having)
    per_gpu = max(1, math.ceil((workers or 1) / gpus))
    cores = min(max(1, node.cores // (node.gpus * per_gpu)) for node in having)
    at_once = min(workers or gpus, gpus * per_gpu, max(1, units))
    return UnitShare(threads or cores, _part(per_gpu), at_once)


def _part(units: int) -> float:
    """Return the part of a GPU that so many units get, rounded down to what Ray counts with."""
    return math.floor(10_000 / units) / 10_000
