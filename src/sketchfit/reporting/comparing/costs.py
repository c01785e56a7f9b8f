"""What runs cost: time of training, and time per image."""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.errors import UserError
from sketchfit.runs.run import Run


@dataclass(frozen=True)
class RunCost:
    """What a run cost.

    Attributes:
        networks: that were trained.
        training: time of their training in seconds, all together; None where it is unknown.
        milliseconds: of an answer per image; None where it was not measured.
    """

    networks: int
    training: float | None
    milliseconds: float | None = None


def training_cost(run: Run) -> RunCost:
    """Add up the networks of a run; those of an ensemble are the networks of its runs, as far as they are there."""
    if run.sources is None:
        seconds = run.seconds
        return RunCost(len(seconds), sum(seconds.values()) or None)
    try:
        parts = [training_cost(Run.open(folder)) for folder in run.sources.runs.values()]
    except UserError:
        return RunCost(0, None)
    known = [part.training for part in parts if part.training is not None]
    return RunCost(sum(part.networks for part in parts), sum(known) if len(known) == len(parts) else None)
