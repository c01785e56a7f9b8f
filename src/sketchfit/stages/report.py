"""The report as the last stage of a run."""

from __future__ import annotations

import logging

from sketchfit.stages.context import RunContext, RunState

log = logging.getLogger(__name__)


def report(context: RunContext, state: RunState) -> RunState:
    """Write the report at the end of a run. An error is printed; everything else of the run is complete by then."""

    def write() -> None:
        from sketchfit.reporting.run.run_report import write_report

        folder = context.run.path
        try:
            write_report(folder, context.clock.seconds, follow_links=context.recipe.data.follow_links)
        except Exception as error:  # the run is complete, and a page that fails must not end it with an error
            reason = str(error).splitlines()[0] if str(error) else ""
            log.warning(f"the report could not be written: {type(error).__name__}: {reason}")
            log.info(f"everything else is in {folder}; try again with: sketchfit report {folder}")

    context.engine.on_main(write)
    return state
