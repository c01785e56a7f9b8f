"""Rates of this machine: how long a training step and a prediction take."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch

from sketchfit.errors import UserError
from sketchfit.models.faults import one_line
from sketchfit.planning.book import PlanBook
from sketchfit.planning.costs import Counts, Rates, pass_seconds
from sketchfit.planning.ladder import Rung
from sketchfit.stages.context import RunContext
from sketchfit.stages.planned.at_once import networks_on_device, share_of_threads
from sketchfit.stages.planned.failures import SizeError, failure_of
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
    disturb a trial, its rates are used as they are and not written. Where a trial fails, the next larger size is tried
    if there is time; a backbone without a trial that succeeds has no rates, and is left out.

    Args:
        context: of the run.
        rungs: members that the run may have.
        book: the plan, which knows how many networks are trained at the same time.
        counts: of rows.
        trials: seconds that they may take in any case.
    """
    decoding = 1 / (book.measured(DECODING) or USUAL_DECODING)
    at_once = book.plan.networks_at_once
    unknown = Rates(0, 0.0, 0.0, decoding, at_once=at_once, on_device=networks_on_device(context, at_once))
    networks = _networks(rungs)
    allowed = max(trials, TRIAL_SHARE * book.plan.seconds)
    tried = _try_backbones(context, networks, unknown, allowed)
    found = dict(tried.found)
    if allowed < TRIAL_SECONDS:
        found |= _by_first_unit(rungs, book, counts, unknown)
    known = {name: one for name, one in found.items() if name not in tried.unsure} or dict(found)
    for rung in [*(sizes[0] for sizes in networks.values()), *rungs]:
        if rung.backbone.name not in {*found, *tried.left_out}:
            found[rung.backbone.name] = _by_cost(rung, known, rungs, unknown)
    if known.keys() - tried.unsure:
        _write({name: one for name, one in found.items() if name not in tried.unsure}, book)
    return found


@dataclass
class _Tried:
    """What trials have shown.

    Attributes:
        found: rates of backbones, by name.
        unsure: names of those whose rates other processes have disturbed.
        left_out: names of backbones without a trial that succeeds.
    """

    found: dict[str, Rates] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)


def _networks(rungs: Sequence[Rung]) -> dict[str, list[Rung]]:
    """Return a network member of each size, the smallest size first, by the name of the backbone."""
    found: dict[str, dict[int, Rung]] = {}
    for rung in rungs:
        if rung.kind == "network":
            found.setdefault(rung.backbone.name, {}).setdefault(rung.size, rung)
    return {name: sorted(sizes.values(), key=lambda rung: rung.size) for name, sizes in found.items()}


def _try_backbones(
    context: RunContext, networks: Mapping[str, Sequence[Rung]], unknown: Rates, allowed: float
) -> _Tried:
    """Try backbones as far as there is time for at least one trial; the first one that trains in any case.

    Args:
        context: of the run.
        networks: members of each backbone, the smallest size first.
        unknown: rates that do not depend on the backbone.
        allowed: seconds for all trials.
    """
    tried = _Tried()
    if allowed < TRIAL_SECONDS:
        return tried
    began = time.monotonic()

    def time_left(least: float) -> bool:
        spent = time.monotonic() - began
        one = spent / len(tried.found) if tried.found else 0.0
        return spent + max(least, one) <= allowed

    for name, sizes in networks.items():
        if not time_left(0.0) and tried.found:
            continue
        result = _try_sizes(context, sizes, unknown, lambda: time_left(TRIAL_SECONDS))
        if result is None:
            tried.left_out.add(name)
            continue
        tried.found[name], doubt = result
        if doubt:
            log.info(f"the speed of {name} is uncertain and not recorded: {doubt}")
            tried.unsure.add(name)
    return tried


def _try_sizes(
    context: RunContext, sizes: Sequence[Rung], unknown: Rates, time_left: Callable[[], bool]
) -> tuple[Rates, str] | None:
    """Return what `_try` returns at the smallest size at which a backbone trains; None where it trains at none.

    A larger size is tried where the network does not compute, and not for lack of memory or a refused setting.

    Args:
        context: of the run.
        sizes: members of the backbone, the smallest size first.
        unknown: rates that do not depend on the backbone.
        time_left: returns whether there is time for a further size.
    """
    name, faults = sizes[0].backbone.name, list[str]()
    for rung in sizes:
        if faults and not time_left():
            break
        try:
            rates, doubt = _try(context, rung, unknown)
        except UserError as error:
            faults.append(f"at {rung.size} pixels: {'; '.join(error.problems)}")
            if isinstance(error, SizeError):
                continue
            break
        if not faults:
            return rates, doubt
        log.warning(f"{name} is trained at {rung.size} pixels or more; a trial fails {', '.join(faults)}")
        return replace(rates, least=rung.size), doubt
    log.warning(f"{name} is left out: a trial of its training fails {', '.join(faults)}")
    return None


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
                failure = SizeError(one_line(error))
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
    return replace(rates.at(rung.size).scaled(factor, rung.size), least=0)
