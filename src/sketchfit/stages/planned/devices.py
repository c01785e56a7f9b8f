"""The device of each process that trains networks of a run with a deadline: one GPU each, or a share of the threads."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from sketchfit.workers.threads import thread_variables

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""Environment variable that names the GPUs of a process: numbers or identifiers, separated by commas."""


def find_gpus(device: torch.device, visible: str | None) -> tuple[str, ...]:
    """Return the GPUs on which networks can be trained at the same time, as `VISIBLE` names them.

    Args:
        device: of the run.
        visible: value of `VISIBLE` for this process; None: it is not set.

    Returns:
        The run's own GPU and those of its kind; empty where it is on another device.
    """
    if device.type != "cuda":
        return ()
    found = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    return name_gpus([f"{one.name}, {one.total_memory}" for one in found], visible)


def name_gpus(kinds: Sequence[str], visible: str | None) -> tuple[str, ...]:
    """Return the names of the GPUs that are of the kind of the first one.

    Others compute other bits, at another speed than the one that was measured.

    Args:
        kinds: of the GPUs that this process has, in their order.
        visible: value of `VISIBLE` for this process; None: it is not set.

    Examples:
        >>> name_gpus(["T4", "T4"], None)
        ('0', '1')
        >>> name_gpus(["T4", "P100", "T4"], "2,0,GPU-8f1c")
        ('2', 'GPU-8f1c')
    """
    numbers = [str(number) for number in range(len(kinds))]
    names = numbers if visible is None else [name.strip() for name in visible.split(",")]
    return tuple(name for name, kind in zip(names, kinds, strict=False) if kind == kinds[0])


def process_variables(size: int, threads: int, gpus: Sequence[str] = ()) -> list[dict[str, str]]:
    """Return the environment of each process: its share of the threads, and its GPU.

    Args:
        size: number of processes; at most as many as GPUs, where there are any.
        threads: of all of them.
        gpus: from `find_gpus`.

    Examples:
        >>> [one["CUDA_VISIBLE_DEVICES"] for one in process_variables(2, 4, ("0", "1"))]
        ['0', '1']
        >>> process_variables(2, 4)[1]["OMP_NUM_THREADS"]
        '2'

    Raises:
        ValueError: two processes would have one GPU.
    """
    shared = thread_variables(max(1, threads // size))
    if not gpus:
        return [dict(shared) for _ in range(size)]
    if size > len(gpus):
        raise ValueError(f"{size} processes, and {len(gpus)} GPUs")
    return [shared | {VISIBLE: gpu} for gpu in gpus[:size]]
