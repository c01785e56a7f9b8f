"""Rates of this machine: how long a training step and a prediction take."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from sketchfit.errors import UserError
from sketchfit.models.faults import one_line
from sketchfit.planning.book import PlanBook
from sketchfit.planning.costs import Counts, Rates, pass_seconds
from sketchfit.planning.ladder import Rung
from sketchfit.stages.context import RunContext
from sketchfit.stages.planned.at_once import networks_on_device, share_of_threads
from sketchfit.stages.planned.failures import failure_of
from sketchfit.stages.planned.start import member_of
from sketchfit.training.step_rates import measure_steps

log = logging.getLogger(__name__)

TRIAL_SHARE = 0.03
"""Of the time that trials of backbones may take; the others are then estimated by their published cost."""

TRIAL_SECONDS = 2.5
"""Of one trial, about."""

TRAINING = 4.0
"""Time of a training step relative to a prediction, where no training was tried."""

UNKNOWN = 5e-3
"""Seconds per image of a backbone of which nothing is known."""

DECODING = "decoding, images per second"
USUAL_DECODING = 600.0
"""Images per second, where it was not measured."""


def measure_rates(
    context: RunContext,
    rungs: Sequence[Rung],
    book: PlanBook,
    counts: Counts,
    trials: float = 0.0,
) -> dict[str, Rates]:
    """Return the rates of each backbone, by its name, and write them into the plan.

    The first backbone whose networks may be trained is tried, and others while there is time. Where other processes
    disturb a trial, its rates are used as they are and not written. A backbone whose trial fails has no rates, and is
    left out.

    Args:
        context: of the run.
        rungs: members that the run may have.
        book: the plan, which knows how many networks are trained at the same time.
        counts: of rows.
        trials: seconds that they may take in any case.
    """
    decoding = 1 / (book.measured(DECODING) or USUAL_DECODING)
    allowed, at_once = max(trials, TRIAL_SHARE * book.plan.seconds), book.plan.networks_at_once
    unknown = Rates(0, 0.0, 0.0, decoding, at_once=at_once, on_device=networks_on_device(context, at_once))
    smallest: dict[str, Rung] = {}
    for rung in rungs:
        if rung.kind == "network" and rung.backbone.name not in smallest:
            smallest[rung.backbone.name] = rung
    found, unsure, left_out = dict[str, Rates](), set[str](), set[str]()
    if allowed < TRIAL_SECONDS:
        found |= _by_first_unit(rungs, book, counts, unknown)
    began = time.monotonic()
    for name, rung in smallest.items():
        spent = time.monotonic() - began
        if allowed >= TRIAL_SECONDS and (not found or spent * (1 + 1 / len(found)) <= allowed):
            try:
                found[name], doubt = _try(context, rung, unknown)
            except UserError as error:
                log.warning(f"{name} is left out: a trial of its training fails: {'; '.join(error.problems)}")
                left_out.add(name)
                continue
            if doubt:
                log.info(f"the speed of {name} is uncertain and not recorded: {doubt}")
                unsure.add(name)
    known = {name: one for name, one in found.items() if name not in unsure} or dict(found)
    for rung in [*smallest.values(), *rungs]:
        if rung.backbone.name not in {*found, *left_out}:
            found[rung.backbone.name] = _by_cost(rung, known, rungs, unknown)
    if known.keys() - unsure:
        _write({name: one for name, one in found.items() if name not in unsure}, book)
    return found


def _write(found: Mapping[str, Rates], book: PlanBook) -> None:
    measured = dict(book.plan.measurements)
    for name, one in found.items():
        at = f"{name} at {one.size} px, images per second"
        measured |= {
            f"training of {at}": round(1 / one.training, 1),
            f"prediction by {at}": round(1 / one.prediction, 1),
        }
    book.change(measurements=measured)


def _by_first_unit(rungs: Sequence[Rung], book: PlanBook, counts: Counts, other: Rates) -> dict[str, Rates]:
    """Return the rates of the backbone of the first answer, from the time that it took; none where there is none.

    Those that do not depend on the backbone are taken from `other`.
    """
    done = {unit.member: unit.actual for unit in book.units("done") if unit.actual}
    for rung in rungs:
        if rung.kind == "bank" and rung.name in done:
            per_image = other.on_device * pass_seconds(rung, done[rung.name] or 0.0, counts) / counts.images
            rates = replace(other, size=rung.size, training=TRAINING * per_image, prediction=per_image)
            return {rung.backbone.name: rates}
    return {}


def _try(context: RunContext, rung: Rung, other: Rates) -> tuple[Rates, str]:
    """Return the rates of a backbone by a trial, and why they are a guess; empty where they are not.

    Raises:
        UserError: its training fails.
    """
    recipe = member_of(context.recipe, rung.settings, rung.name)
    with share_of_threads(other.at_once):
        try:
            measured = measure_steps(recipe, context.table.class_count, context.engine.device)
        except Exception as error:
            failure = failure_of(error, recipe.model)
            if failure is None and isinstance(error, RuntimeError):  # torch and timm raise it for a network
                failure = UserError(one_line(error))
            if failure is None:
                raise
            raise failure from error
        doubt = measured.doubt(other.at_once * torch.get_num_threads())
    rates = replace(
        other,
        size=rung.size,
        training=measured.training,
        prediction=measured.prediction,
        maps=measured.maps / other.on_device,
    )
    return rates, doubt


def _by_cost(rung: Rung, found: Mapping[str, Rates], rungs: Sequence[Rung], other: Rates) -> Rates:
    """Estimate the rates of a backbone from those of another one, in proportion to published costs where known."""
    cost = {one.backbone.name: one.backbone.cost / one.backbone.size**2 for one in rungs}
    if not found:
        return replace(other, size=rung.size, training=TRAINING * UNKNOWN, prediction=UNKNOWN)
    name, rates = next(iter(found.items()))
    own = cost[rung.backbone.name]
    factor = own / cost[name] if own > 0 and cost[name] > 0 else 1.0
    return rates.at(rung.size).scaled(factor, rung.size)
