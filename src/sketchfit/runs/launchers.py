"""Several processes of one training, as their launcher describes them in the environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SIZES = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
RANKS = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
"""Variables of torch and of kinds of MPI, in the order in which accelerate reads them."""


def is_first_process(environ: Mapping[str, str]) -> bool:
    """Return whether this is the only or the first process of a training.

    A rank without a number of processes is that of something else, such as a job of many that are alike.
    """
    return _number(environ, SIZES, 1) <= 1 or _number(environ, RANKS, 0) == 0


def _number(environ: Mapping[str, str], names: Sequence[str], default: int) -> int:
    return next((int(found) for name in names if (found := environ.get(name, "")).isdecimal()), default)
