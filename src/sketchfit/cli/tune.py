"""Commands that find settings: an ablation, a learning-rate range test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sketchfit.cli.options import Data, Out, Overrides, RecipeName, check_arguments, check_output

GROUP = "Tune"
app = typer.Typer()


@app.command(rich_help_panel=GROUP)
def ablate(
    data: Data,
    vary: Annotated[list[str], typer.Option("--vary", "-v", metavar="KEY=A,B", help="A setting and values to try.")],
    recipe: RecipeName = "cpu",
    overrides: Overrides = None,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings per variant.")] = 2,
    grid: Annotated[bool, typer.Option("--grid", help="Every combination, not one change at a time.")] = False,
    out: Out = None,
) -> None:
    """Train changes of a recipe on the same folds and seeds, and compare their accuracy."""
    check_arguments(data, recipe, overrides or [])
    from sketchfit.commands.ablate import Variation
    from sketchfit.commands.ablate import ablate as run_ablation

    folder = out or Path("runs") / f"{data.resolve().stem}-ablation"
    run_ablation(data, Variation(vary, seeds, grid), recipe, overrides or [], folder)


@app.command("lr-find", rich_help_panel=GROUP)
def lr_find(
    data: Data,
    recipe: RecipeName = "cpu",
    overrides: Overrides = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="PNG to write.")] = Path("lr-find.png"),
    low: Annotated[float, typer.Option(help="First learning rate.")] = 1e-6,
    high: Annotated[float, typer.Option(help="Last learning rate.")] = 1.0,
    steps: Annotated[int, typer.Option(help="Updates between them.")] = 100,
) -> None:
    """Test rising learning rates on the data, draw the loss over them, and suggest one."""
    check_arguments(data, recipe, overrides or [])
    check_output(out)
    from sketchfit.commands.lr_find import RateRange
    from sketchfit.commands.lr_find import lr_find as find

    find(data, recipe, overrides or [], out, RateRange(low, high, steps))
