"""Commands about data: audit it, draw it, show how it is augmented."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sketchfit.cli.command import command
from sketchfit.cli.inputs import DataInputs, TableInputs
from sketchfit.cli.options import check_output
from sketchfit.imports import quick_imports
from sketchfit.printing import echo
from sketchfit.wording import counted

GROUP = "Data"
app = typer.Typer()


@command(app, GROUP, "sketchfit audit data --html audit")
def audit(
    inputs: TableInputs,
    html: Annotated[
        Path,
        typer.Option("--html", metavar="OUT", help="Folder of the page and its data; or the page itself."),
    ] = Path("audit"),
    external: Annotated[
        list[Path] | None,
        typer.Option(
            "--external", metavar="PATH", help="More training data (a table or folder) to compare with the test images."
        ),
    ] = None,
) -> None:
    """Check the data before training: traits, drift, broken files, near-duplicates, related rows, leaks."""
    request = inputs.request(html)
    check_output(html if html.suffix == ".html" else html / "index.html")
    with quick_imports():
        from sketchfit.commands.audit import audit as audit_data

    audit_data(request, external=external or ())


@command(app, GROUP, "sketchfit augment data --out augment.png")
def augment(
    inputs: DataInputs,
    out: Annotated[Path, typer.Option("--out", "-o", help="PNG to write.")] = Path("augment.png"),
    rows: Annotated[int, typer.Option(min=1, help="Drawings.")] = 6,
    draws: Annotated[int, typer.Option(min=1, help="Augmented samples of each.")] = 7,
    epoch: Annotated[int | None, typer.Option(help="Epoch, from 1; by default every stage of a curriculum.")] = None,
) -> None:
    """Write a picture of augmented drawings."""
    request = inputs.request(out)
    check_output(out)
    with quick_imports():
        from sketchfit.commands.augment import AugmentSheet, show_augment

    show_augment(request, AugmentSheet(rows, draws, epoch))


@command(app, GROUP, "sketchfit draw data --classes 20 --per-class 30")
def draw(
    out: Annotated[Path, typer.Argument(help="Folder to make.")],
    classes: Annotated[int, typer.Option(help="Number of classes.")] = 20,
    per_class: Annotated[int, typer.Option(help="Training drawings per class.")] = 30,
    test_per_class: Annotated[int, typer.Option(help="Test drawings per class.")] = 10,
    seed: Annotated[int, typer.Option(help="Seed: the same seed draws the same files.")] = 0,
    copies: Annotated[
        float, typer.Option(help="Share of drawings that are flipped, rotated or re-encoded copies.")
    ] = 0.06,
    families: Annotated[
        int, typer.Option(help="Families per class: one object drawn several times by different hands. 0: none.")
    ] = 0,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="family|random",
            help="Test drawings show other families (default), or those of the training drawings.",
            show_default=False,
        ),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(
            metavar="family|plain",
            help="File names contain the family, e.g. m07-3.JPEG (default), or do not.",
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Replace a set of other settings, or one that was changed since.")
    ] = False,
) -> None:
    """Draw a synthetic data set in the competition's layout, with known test labels."""
    from sketchfit.synthetic import DrawSettings
    from sketchfit.synthetic import draw as draw_data

    settings = DrawSettings(classes, per_class, test_per_class, seed, copies, families, split, names)
    drawn = draw_data(out, settings, fresh=fresh)
    tests = counted(drawn.n_test, "test drawing")
    echo(f"{drawn.n_train} training and {tests} of {len(drawn.classes)} classes in {drawn.out}/")
