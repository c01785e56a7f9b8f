"""Commands that go on with a finished run: students of its networks, and means of their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

continue_app = typer.Typer(rich_markup_mode=None)

Run = Annotated[Path, typer.Argument(metavar="RUN", help="A finished run's folder.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="KEY=VALUE", help="Override a setting; may be given several times."),
]


@continue_app.command("pseudo-label")
def pseudo_label(
    run_folder: Run,
    overrides: Overrides = None,
) -> None:
    """Go on with a run: students that also learn from test rows, kept where they are better out of fold."""
    from sketchfit.commands.pseudo_label import pseudo_label as train_students
    from sketchfit.config.overrides import parse_overrides

    train_students(run_folder, parse_overrides(overrides or []))


@continue_app.command()
def soup(
    run_folder: Run,
    members: Annotated[str, typer.Option("--members", help="uniform, greedy or none.")] = "uniform",
    folds: Annotated[bool, typer.Option("--folds/--no-folds", help="Also the mean of the folds' networks.")] = True,
    overrides: Overrides = None,
) -> None:
    """Go on with a run: means of its networks' weights, for one network's cost; what they are worth out of fold."""
    from sketchfit.commands.soup import soup as make_soups
    from sketchfit.config.overrides import parse_overrides

    make_soups(run_folder, members, folds, parse_overrides(overrides or []))


@continue_app.command("distill")
def distill(
    run_folder: Run,
    student: Annotated[
        str,
        typer.Option("--student", metavar="MEMBER|FILE", help="A member, or a YAML file of settings that differ."),
    ] = "",
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            "-s",
            metavar="KEY=VALUE",
            help="Override a setting: of training the student's (model.backbone=…), else the run's (distill.weight=…).",
        ),
    ] = None,
) -> None:
    """Go on with a run: its ensemble into one small student, with what that keeps and how much faster it is."""
    from sketchfit.commands.distill import distill as train_student
    from sketchfit.config.overrides import parse_overrides

    train_student(run_folder, student, parse_overrides(overrides or []))
