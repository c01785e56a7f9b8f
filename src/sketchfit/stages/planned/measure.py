"""Rates of this machine: how long a training step and a prediction take."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence

from sketchfit.planning.costs import Rates
from sketchfit.planning.ladder import Rung
from sketchfit.stages.context import RunContext
from sketchfit.stages.planned.start import member_of
from sketchfit.training.step_rates import measure_steps

log = logging.getLogger(__name__)

TRIAL_SHARE = 0.03
"""Of the time that a trial of one backbone may take; the others are then estimated by their published cost."""


def measure_rates(context: RunContext, rungs: Sequence[Rung], decoding: float, seconds: float) -> dict[str, Rates]:
    """Return the rates of each backbone, by its name.

    Args:
        context: of the run.
        rungs: members that the run may have.
        decoding: seconds per image, as measured.
        seconds: of the run; where trials take too long, only the first backbone is tried.
    """
    smallest: dict[str, Rung] = {}
    for rung in rungs:
        if rung.kind == "network" and rung.backbone.name not in smallest:
            smallest[rung.backbone.name] = rung
    found: dict[str, Rates] = {}
    cost: dict[str, float] = {}
    spent = 0.0
    for name, rung in smallest.items():
        cost[name] = rung.backbone.cost / rung.backbone.size**2
        if found and spent * (1 + 1 / len(found)) > TRIAL_SHARE * seconds:
            found[name] = _by_cost(rung, found, cost)
            continue
        began = time.monotonic()
        found[name] = _try(context, rung, decoding)
        spent += time.monotonic() - began
        log.info(
            f"{name}: {1 / found[name].training:.0f} images/s of training, {1 / found[name].prediction:.0f} of "
            f"prediction at {rung.size} px"
        )
    for rung in rungs:  # backbones of bank members alone
        if rung.backbone.name not in found:
            cost[rung.backbone.name] = rung.backbone.cost / rung.backbone.size**2
            found[rung.backbone.name] = _by_cost(rung, found, cost)
    return found


def _try(context: RunContext, rung: Rung, decoding: float) -> Rates:
    recipe = member_of(context.recipe, rung.settings, rung.name)
    measured = measure_steps(recipe, context.table.class_count, context.engine.device)
    return Rates(rung.size, measured.training, measured.prediction, decoding, measured.maps)


def _by_cost(rung: Rung, found: Mapping[str, Rates], cost: Mapping[str, float]) -> Rates:
    """Estimate the rates of a backbone from those of another one, in proportion to published costs where known."""
    name, rates = next(iter(found.items()))
    own = cost[rung.backbone.name]
    factor = own / cost[name] if own > 0 and cost[name] > 0 else 1.0
    here = rates.at(rung.size)
    return Rates(rung.size, factor * here.training, factor * here.prediction, rates.decoding, factor * here.maps)
