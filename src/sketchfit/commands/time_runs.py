"""Measures how long each of several runs takes for an image."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sketchfit.activity import activity
from sketchfit.errors import UserError
from sketchfit.imports import quick_imports
from sketchfit.runs.run import Run

if TYPE_CHECKING:
    import torch

    from sketchfit.inference.speed import TimedPasses

log = logging.getLogger(__name__)


@activity("measuring the time per image")
def time_runs(runs: Mapping[str, Run]) -> list[float | None]:
    """Measure runs in turns, on the device of the first one, in milliseconds per image.

    Args:
        runs: by name.

    Returns:
        One per run; None, with a note, where a run has no networks or the device is not there.
    """
    if find_spec("torch") is None:
        log.info("note: times per image are not measured: torch is not installed")
        return [None] * len(runs)
    with quick_imports():
        from sketchfit.inference.speed import fastest
        from sketchfit.training.engine import make_engine
    try:
        device = make_engine(next(iter(runs.values())).recipe.compute).device
    except UserError as error:
        log.info(f"note: times per image are not measured: {error.problems[0]}")
        return [None] * len(runs)
    prepared = [_prepared(name, run, device) for name, run in runs.items()]
    times = iter(fastest([passes for passes in prepared if passes]))
    return [next(times) if passes else None for passes in prepared]


def _prepared(name: str, run: Run, device: torch.device) -> list[TimedPasses]:
    """Return the networks of a run; none, with a note, where they are gone, or need a package that is not here."""
    from sketchfit.inference.speed import timed_passes

    try:
        return [passes for one in _parts(run) for passes in timed_passes(one, device)]
    except (UserError, RuntimeError, ValueError, OSError) as error:
        reason = error.problems[0] if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        log.info(f"note: {name}: its time per image is not measured: {reason}")
        return []


def _parts(run: Run) -> Sequence[Run]:
    """Return the run, or the runs of an ensemble."""
    if run.sources is None:
        return [run]
    return [part for folder in run.sources.runs.values() for part in _parts(Run.open(folder))]
