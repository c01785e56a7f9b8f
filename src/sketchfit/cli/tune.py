"""Commands that find settings: a scout of backbones, an ablation, a search, a learning-rate range test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sketchfit.cli.command import command
from sketchfit.cli.inputs import RunInputs, TrainInputs
from sketchfit.cli.options import check_output
from sketchfit.cli.time_options import AllowNoncommercial
from sketchfit.imports import quick_imports

if TYPE_CHECKING:
    from sketchfit.commands.request import DataRequest
    from sketchfit.commands.scout import ScoutOptions
    from sketchfit.commands.search import SearchOptions

GROUP = "Tune"
app = typer.Typer()


@command(app, GROUP, "sketchfit scout data --time 5m --candidates weights/")
def scout(
    inputs: RunInputs,
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
    allow_noncommercial: AllowNoncommercial = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder; by default runs/DATA-scout.")] = None,
) -> None:
    """Find the backbone and input size that suit the data and the machine, and write a recipe."""
    request = inputs.request(out)
    options = scout_options(candidates or [], sizes, seconds, train_time, allow_noncommercial)
    with quick_imports():
        from sketchfit.commands.scout import find_backbone

    find_backbone(request, options)


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


@command(app, GROUP, "sketchfit ablate data --vary training.epochs=10,20 --seeds 3", by_several=True)
def ablate(
    inputs: RunInputs,
    vary: Annotated[list[str], typer.Option("--vary", metavar="KEY=A,B", help="A setting and values to try.")],
    seeds: Annotated[int, typer.Option(min=1, help="Trainings per variant.")] = 2,
    grid: Annotated[bool, typer.Option("--grid", help="Every combination, not one change at a time.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder; by default runs/DATA-ablation.")] = None,
) -> None:
    """Train changes of a recipe on the same folds and seeds, and compare their accuracy."""
    request = inputs.request(out)
    check_varied(vary)
    with quick_imports():
        from sketchfit.commands.ablate import Variation
        from sketchfit.commands.ablate import ablate as run_ablation

    run_ablation(request, Variation(vary, seeds, grid))


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


@command(app, GROUP, "sketchfit search data --time 2h --over optimizer.lr=1e-4..3e-3:log", by_several=True)
def search(
    inputs: RunInputs,
    over: Annotated[
        list[str] | None,
        typer.Option("--over", metavar="KEY=A,B", help="A setting and values to try, or a range, KEY=LOW..HIGH."),
    ] = None,
    seconds: Annotated[
        str | None, typer.Option("--time", metavar="TIME", help="For all of it, e.g. 30m or 8h; 1h without --trials.")
    ] = None,
    trials: Annotated[int | None, typer.Option(min=2, help="Most trials, the recipe itself included.")] = None,
    average: Annotated[int, typer.Option(min=1, max=20, help="Most trials whose mean is the result.")] = 3,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder; by default runs/DATA-search.")] = None,
) -> None:
    """Search settings, average the best trials, and measure on other drawings what that has gained."""
    request = inputs.request(out)
    check_space(request, over or [])
    options = search_options(over or [], seconds, trials, average)
    with quick_imports():
        from sketchfit.commands.search import search as run_search

    run_search(request, options)


def check_space(request: DataRequest, over: list[str]) -> None:
    """Refuse settings that cannot be searched.

    Raises:
        UserError: everything that is wrong with them.
    """
    from sketchfit.config.search_space import parse_space

    parse_space(request.checked_recipe(), over)


def search_options(over: list[str], seconds: str | None, trials: int | None, average: int) -> SearchOptions:
    """Return what is searched, from its options as texts.

    Raises:
        UserError: a time that cannot be read.
    """
    from sketchfit.planning.times import parse_duration

    limit = parse_duration(seconds or "1h") if seconds is not None or trials is None else None
    with quick_imports():
        from sketchfit.commands.search import SearchOptions

    return SearchOptions(over, limit, trials, average)


@command(app, GROUP, "sketchfit lr-find data --out lr-find.png", name="lr-find")
def lr_find(
    inputs: TrainInputs,
    out: Annotated[Path, typer.Option("--out", "-o", help="PNG to write.")] = Path("lr-find.png"),
    low: Annotated[float, typer.Option(help="First learning rate.")] = 1e-6,
    high: Annotated[float, typer.Option(help="Last learning rate.")] = 1.0,
    steps: Annotated[int, typer.Option(help="Updates between them.")] = 100,
) -> None:
    """Test rising learning rates on the data, draw the loss over them, and suggest one."""
    request = inputs.request(out)
    check_output(out)
    with quick_imports():
        from sketchfit.commands.lr_find import RateRange
        from sketchfit.commands.lr_find import lr_find as find

    find(request, RateRange(low, high, steps))
