"""Measures how long each of several runs takes for an image."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sketchfit.errors import UserError
from sketchfit.imports import quick_imports
from sketchfit.runs.run import Run

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)


def time_runs(runs: Mapping[str, Run]) -> list[float | None]:
    """Measure runs on the device of the first one, in milliseconds per image.

    Args:
        runs: by name.

    Returns:
        One per run; None, with a note, where a run has no networks or the device is not there.
    """
    if find_spec("torch") is None:
        log.info("note: times per image are not measured: torch is not installed")
        return [None] * len(runs)
    with quick_imports():
        from sketchfit.training.engine import make_engine
    try:
        device = make_engine(next(iter(runs.values())).recipe.compute).device
    except UserError as error:
        log.info(f"note: times per image are not measured: {error.problems[0]}")
        return [None] * len(runs)
    return [_milliseconds(name, run, device) for name, run in runs.items()]


def _milliseconds(name: str, run: Run, device: torch.device) -> float | None:
    from sketchfit.inference.speed import run_milliseconds

    try:
        return sum(run_milliseconds(one, device) for one in _parts(run))
    except (UserError, RuntimeError, ValueError, OSError) as error:
        # A comparison does not need the networks: they may be gone, too large, or need a package that is not here.
        reason = error.problems[0] if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        log.info(f"note: {name}: its time per image is not measured: {reason}")
        return None


def _parts(run: Run) -> Sequence[Run]:
    """Return the run, or the runs of an ensemble."""
    if run.sources is None:
        return [run]
    return [part for folder in run.sources.runs.values() for part in _parts(Run.open(folder))]
