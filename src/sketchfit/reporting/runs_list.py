"""The runs of a folder, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sketchfit.errors import UserError
from sketchfit.inference.intervals import Estimate


@dataclass(frozen=True)
class RunLine:
    """One run: when it was last worked on (seconds since 1970), by what, how good; None where it did not get there."""

    name: str
    when: float
    backbone: str
    members: int
    networks: int
    rows: int
    top1: Estimate | None
    top5: float | None
    log_loss: float | None
    seconds: float


SORTABLE = tuple(field.name for field in fields(RunLine))


def sort_runs(runs: Sequence[RunLine], by: str = "top1") -> list[RunLine]:
    """Runs in order: figures from the best, names from A, times from the last; what is unknown comes last.

    Raises:
        UserError: no such column.
    """
    if by not in SORTABLE:
        raise UserError(f"runs can't be sorted by {by!r}", f"Choose one of {', '.join(SORTABLE)}.")
    known = [run for run in runs if getattr(run, by) is not None]
    rest = [run for run in runs if getattr(run, by) is None]

    def key(run: RunLine) -> float | str:
        value = getattr(run, by)
        return value.value if isinstance(value, Estimate) else value

    ascending = by in {"name", "backbone", "log_loss", "seconds"}
    return [*sorted(known, key=key, reverse=not ascending), *rest]
