"""The condition under which a change of the predictions is used for test rows.

What is applied to test rows is measured first, on out-of-fold rows that it was not fitted on. A change that costs
nothing more at inference and is fitted to reduce the same figure (calibration, an ensembling rule, views, a soup) is
used unless it is measured to be worse. A change that may also do harm where its estimate is good by chance (a
correction or matching of class frequencies, pseudo-labels) is used only where it is shown to be better.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Literal

from sketchfit.inference import metrics
from sketchfit.inference.intervals import Difference, paired_difference
from sketchfit.inference.oof import Floats, Rows
from sketchfit.runs.artefacts import MeasuredChoice

log = logging.getLogger(__name__)

Measure = Literal["accuracy", "log-loss"]
Needs = Literal["not worse", "better"]
MEASURES: tuple[Measure, ...] = ("accuracy", "log-loss")

_ROUNDING = 1e-9
"""Differences of float32 probabilities that are no difference."""


def measured_choice(
    name: str,
    gain: Difference,
    before: float | None,
    *,
    measure: Measure = "accuracy",
    needs: Needs,
    force: bool = False,
) -> MeasuredChoice:
    """Return whether a change is used.

    Args:
        name: of the change.
        gain: of the change, on rows that it was not fitted on; positive is better.
        before: the figure without the change; None where it was not measured.
        measure: what the figure is.
        needs: `not worse`: the gain is at least 0; `better`: its interval is above 0.
        force: use the change in any case.
    """
    enough = gain.helps if needs == "better" else gain.value >= -_ROUNDING
    return MeasuredChoice(
        name=name,
        measure=measure,
        before=before,
        after=None if before is None else before + (gain.value if measure == "accuracy" else -gain.value),
        gain=gain,
        needs=needs,
        forced=force and not enough,
        used=force or enough,
    )


def print_unused(choices: Iterable[MeasuredChoice]) -> None:
    """Print what is not used with its reason, and what only the recipe forces."""
    for one in choices:
        if not one.used or one.forced:
            log.info(str(one))


def unless_worse(
    name: str, rows: Rows, before: Floats, after: Floats, *, measure: Measure = "accuracy", force: bool = False
) -> MeasuredChoice:
    """Return whether a change is used: unless its probabilities are worse.

    Args:
        name: of the change.
        rows: n of them.
        before, after: float [n, C], without the change, and with it where it was not fitted on these rows.
        measure, force: see `measured_choice`.
    """
    if measure == "log-loss":
        old, new = metrics.row_log_loss(before, rows.label), metrics.row_log_loss(after, rows.label)
        gain, known = paired_difference(new, old, rows.group), float(old.mean())
    else:
        right = rows.right(before)
        gain, known = paired_difference(right, rows.right(after), rows.group), float(right.mean())
    return measured_choice(name, gain, known, measure=measure, needs="not worse", force=force)
