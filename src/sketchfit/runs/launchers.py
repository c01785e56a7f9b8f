"""Several processes of one training, as their launcher describes them in the environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sketchfit.errors import RunError
from sketchfit.processors import WORLD_SIZES

RANKS = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
"""Variables of torch and of kinds of MPI for the number of a process, in the order of `WORLD_SIZES`."""

ALONE = "Start it without torchrun, accelerate launch or mpirun; where something else has set {}: unset {}."


def process_count(environ: Mapping[str, str]) -> int:
    """Return the number of processes that a launcher has started, 1 where there is no launcher."""
    return max(1, _number(environ, WORLD_SIZES, 1))


def process_rank(environ: Mapping[str, str]) -> int:
    """Return the number of this process among those of its launcher, from 0.

    A rank without a number of processes is that of something else, such as a job of many that are alike.
    """
    return _number(environ, RANKS, 0) if process_count(environ) > 1 else 0


def is_first_process(environ: Mapping[str, str]) -> bool:
    """Return whether this is the only or the first process of a training."""
    return process_rank(environ) == 0


def check_alone(environ: Mapping[str, str], what: str) -> None:
    """Refuse several processes of what one process does: they would write the same files.

    Args:
        environ: environment of this process.
        what: the command.

    Raises:
        RunError: a launcher has started more than one.
    """
    if (count := process_count(environ)) > 1:
        raise started_in_vain(environ, f"{what} works in one process, and {count} were started")


def started_in_vain(environ: Mapping[str, str], problem: str) -> RunError:
    """Return the error that several processes were started where one works, with the variable that shows it."""
    name = next((one for one in WORLD_SIZES if environ.get(one, "").isdecimal()), WORLD_SIZES[0])
    return RunError(f"{problem} ({name}={environ.get(name, '')})", ALONE.format(name, name))


def _number(environ: Mapping[str, str], names: Sequence[str], default: int) -> int:
    return next((int(found) for name in names if (found := environ.get(name, "")).isdecimal()), default)
