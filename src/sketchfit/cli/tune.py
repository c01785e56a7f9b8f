"""Commands that find settings: a scout of backbones, an ablation, a learning-rate range test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sketchfit.cli.command import command
from sketchfit.cli.options import Data, Out, Overrides, RecipeName, check_arguments, check_output
from sketchfit.imports import quick_imports

if TYPE_CHECKING:
    from sketchfit.commands.scout import ScoutOptions

GROUP = "Tune"
app = typer.Typer()


@command(app, GROUP, "sketchfit scout data --time 5m --candidates weights/")
def scout(
    data: Data,
    seconds: Annotated[str, typer.Option("--time", metavar="TIME", help="For all of it, e.g. 90s, 5m, 1h30m.")] = "5m",
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            "--candidates", "-c", metavar="NAME", help="A timm name, a file of weights or a folder of such files."
        ),
    ] = None,
    sizes: Annotated[str, typer.Option("--sizes", metavar="A,B", help="Input sizes in pixels.")] = "",
    train_time: Annotated[
        str | None, typer.Option("--train-time", metavar="TIME", help="Longest training of a run with the result.")
    ] = None,
    allow_noncommercial: Annotated[
        bool, typer.Option("--allow-noncommercial", help="Also weights whose licence forbids commercial use.")
    ] = False,
    recipe: RecipeName = "cpu",
    overrides: Overrides = None,
    out: Out = None,
) -> None:
    """Find the backbone and input size that suit the data and the machine, and write a recipe."""
    check_arguments(data, recipe, overrides or [])
    options = scout_options(candidates or [], sizes, seconds, train_time, allow_noncommercial)
    with quick_imports():
        from sketchfit.commands.scout import find_backbone

    folder = out or Path("runs") / f"{data.resolve().stem}-scout"
    find_backbone(data, options, recipe, overrides or [], folder)


def scout_options(
    candidates: list[str], sizes: str, seconds: str, train_time: str | None, allow_noncommercial: bool
) -> ScoutOptions:
    """Return what a scout compares, from its options as texts.

    Raises:
        UserError: a size or a time that cannot be read.
    """
    from sketchfit.errors import UserError
    from sketchfit.planning.times import parse_duration

    parts = [part.strip() for part in sizes.split(",") if part.strip()]
    if not all(part.isdigit() for part in parts):
        raise UserError(f"--sizes {sizes} is not a list of pixels", "For example: --sizes 128,160,224")
    times = parse_duration(seconds), None if train_time is None else parse_duration(train_time)
    with quick_imports():
        from sketchfit.commands.scout import ScoutOptions

    return ScoutOptions(candidates, [int(part) for part in parts], *times, allow_noncommercial)


@command(app, GROUP, "sketchfit ablate data --vary training.epochs=10,20 --seeds 3")
def ablate(
    data: Data,
    vary: Annotated[list[str], typer.Option("--vary", metavar="KEY=A,B", help="A setting and values to try.")],
    recipe: RecipeName = "cpu",
    overrides: Overrides = None,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings per variant.")] = 2,
    grid: Annotated[bool, typer.Option("--grid", help="Every combination, not one change at a time.")] = False,
    out: Out = None,
) -> None:
    """Train changes of a recipe on the same folds and seeds, and compare their accuracy."""
    check_arguments(data, recipe, overrides or [])
    check_varied(vary)
    with quick_imports():
        from sketchfit.commands.ablate import Variation
        from sketchfit.commands.ablate import ablate as run_ablation

    folder = out or Path("runs") / f"{data.resolve().stem}-ablation"
    run_ablation(data, Variation(vary, seeds, grid), recipe, overrides or [], folder)


def check_varied(texts: list[str]) -> None:
    """Refuse what is no setting with values.

    Raises:
        UserError: another form, or no such setting.
    """
    from sketchfit.config.scope import settings
    from sketchfit.errors import UserError
    from sketchfit.registry import nearest

    example = "For example: --vary training.epochs=10,20"
    for text in texts:
        key, equals, values = (part.strip() for part in text.partition("="))
        if not equals or not values:
            raise UserError(f"--vary {text!r} is not of the form key=value,value", example)
        keys = [one.key for one in settings()]
        inside = (one == key or key.startswith(f"{one}.") or one.startswith(f"{key}.") for one in keys)
        if not any(inside):  # a section has a short form, such as `loss=poly1`
            raise UserError(f"there is no setting {key!r}{nearest(key, keys)}", example)


@command(app, GROUP, "sketchfit lr-find data --out lr-find.png", name="lr-find")
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
    with quick_imports():
        from sketchfit.commands.lr_find import RateRange
        from sketchfit.commands.lr_find import lr_find as find

    find(data, recipe, overrides or [], out, RateRange(low, high, steps))
