"""The threads of a unit: of torch, and of linear algebra in libraries that are loaded now or later."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits

VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def thread_variables(threads: int) -> dict[str, str]:
    """Return the environment of a process with so many threads."""
    return dict.fromkeys(VARIABLES, str(threads))


@contextmanager
def unit_threads(threads: int) -> Iterator[None]:
    """Compute with so many threads while the block runs: the bits are those of a process that has no more."""
    before, variables = torch.get_num_threads(), {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(thread_variables(threads))
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(limits=threads):
            yield
    finally:
        torch.set_num_threads(before)
        for name, value in variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
