"""The mark that a run is finished."""

from __future__ import annotations

from sketchfit.runs.finished import mark_finished
from sketchfit.stages.context import RunContext, RunState


def finish(context: RunContext, state: RunState) -> RunState:
    """Mark the run as finished: what follows can be made again at any time."""
    context.engine.on_main(lambda: mark_finished(context.run))
    return state
