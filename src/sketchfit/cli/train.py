"""Commands that train: a run with folds, or one network on all rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sketchfit.cli.command import command
from sketchfit.cli.inputs import FoldInputs, RunInputs, TrainInputs
from sketchfit.cli.options import Fresh, Out, Strict
from sketchfit.cli.time_options import Wish
from sketchfit.imports import quick_imports

GROUP = "Train"
app = typer.Typer()


@command(app, GROUP, "sketchfit run data --out runs/first", "sketchfit run data --time 18m", by_several=True)
def run(inputs: RunInputs, out: Out = None, strict: Strict = False, fresh: Fresh = False, *, wish: Wish) -> None:
    """Train on tables and images, and write submission.csv and a report. The same command continues a run."""
    goal, request = wish.goal(), inputs.request(out)
    with quick_imports():
        from sketchfit.commands.run import run as run_stages

    run_stages(request, goal, strict=strict, fresh=fresh)


@command(app, GROUP, "sketchfit plan data --time 2h")
def plan(inputs: FoldInputs, out: Out = None, *, wish: Wish) -> None:
    """Print what a run with this time would do, and the accuracy to expect; nothing is trained."""
    goal, request = wish.needed(), inputs.request(out)
    with quick_imports():
        from sketchfit.commands.plan import plan as print_plan

    print_plan(request, goal)


@command(app, GROUP, "sketchfit check data --recipe cpu", by_several=True)
def check(inputs: FoldInputs, out: Out = None) -> None:
    """Check a run without starting it: recipe, tables, a trial step of each network, memory, disk, time."""
    request = inputs.request(out)
    with quick_imports():
        from sketchfit.commands.check import check as check_only

    check_only(request)


@command(app, GROUP, "sketchfit fit data --out runs/all-rows", by_several=True)
def fit(
    inputs: TrainInputs,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the trained network.")],
    strict: Strict = False,
    fresh: Fresh = False,
) -> None:
    """Train one network on all rows, without folds; no accuracy is claimed for it."""
    request = inputs.request(out)
    with quick_imports():
        from sketchfit.commands.fit import fit as fit_network

    fit_network(request, strict=strict, fresh=fresh)
