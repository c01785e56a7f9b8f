"""`sketchfit check`: everything that a run checks before the first image is decoded."""

from __future__ import annotations

from sketchfit.commands.request import DataRequest
from sketchfit.processors import recent_load
from sketchfit.runs.create import check_folder
from sketchfit.runs.folder import default_name
from sketchfit.stages.check import check_run
from sketchfit.stages.check_report import CheckReport
from sketchfit.stages.inputs import check_inputs
from sketchfit.stages.planned_run import PlannedRun
from sketchfit.stages.start import open_tables
from sketchfit.stages.tables import print_table
from sketchfit.stages.threads import fit_threads
from sketchfit.verbosity import as_results


def check(request: DataRequest) -> CheckReport:
    """Check a run without starting it, and print the report; errors: `sketchfit.check`."""
    request = request.resolved()
    settings = request.checked_recipe()
    folder = request.out or default_name(request.recipe, request.data, request.changes)
    context = open_tables(request.data, settings, folder)
    fit_threads(recent_load(), context.engine.device)
    print_table(context.table)
    check_folder(context.run, "run")
    check_inputs(context)
    report = check_run(PlannedRun(settings, folder), context.table, context.engine)
    with as_results():
        report.log()
    return report
