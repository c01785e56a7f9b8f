"""Frozen features of all images, from the first member's backbone before training."""

from __future__ import annotations

import logging
from dataclasses import replace

from sketchfit.bank.features import open_features
from sketchfit.stages.context import RunContext, RunState
from sketchfit.stages.start_weights import why_no_features

log = logging.getLogger(__name__)


def bank(context: RunContext, state: RunState) -> RunState:
    """Open the features of both tables, computed in one pass where they are not in the cache.

    Raises:
        UserError: the network cannot be built, or returns NaN or infinity for an image.
    """
    first = next(iter(state.members.values()))
    if reason := why_no_features(first.recipe, context):
        log.info(f"no frozen features, as {reason}: relations between rows are not tested")
        return state
    with context.engine.main_first():  # the other processes read what the main process has written
        features = open_features(
            first.recipe, context.table, (first.train, first.test), context.engine.device, context.console
        )
    return replace(state, features=features)
