"""Commands that continue a finished run: pseudo-labels, means of weights, distillation."""

from __future__ import annotations

from typing import Annotated

import typer

from sketchfit.cli.command import command
from sketchfit.cli.complete import setting_keys
from sketchfit.cli.options import Overrides, Run
from sketchfit.commands.places import check_runs
from sketchfit.imports import quick_imports

GROUP = "Continue a run"
app = typer.Typer()


@command(app, GROUP, "sketchfit pseudo-label runs/first", name="pseudo-label", by_several=True)
def pseudo_label(run_folder: Run, overrides: Overrides = None) -> None:
    """Train students that also use test rows; they are kept where they are better out of fold."""
    check_runs([run_folder])
    from sketchfit.config.overrides import settings_of

    settings = settings_of(overrides or [])
    with quick_imports():
        from sketchfit.commands.pseudo_label import pseudo_label as train_students

    train_students(run_folder, settings)


@command(app, GROUP, "sketchfit soup runs/first --members greedy", by_several=True)
def soup(
    run_folder: Run,
    members: Annotated[str, typer.Option("--members", help="uniform, greedy or none.")] = "uniform",
    folds: Annotated[bool, typer.Option("--folds/--no-folds", help="Also the mean of the folds' networks.")] = True,
    overrides: Overrides = None,
) -> None:
    """Average the weights of its networks: the cost of one network, and the accuracy out of fold."""
    check_runs([run_folder])
    from sketchfit.config.overrides import settings_of

    settings = settings_of(overrides or [])
    with quick_imports():
        from sketchfit.commands.soup import soup as make_soups

    make_soups(run_folder, members, folds, settings)


@command(app, GROUP, "sketchfit distill runs/first --set model.backbone=resnet18", by_several=True)
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
            autocompletion=setting_keys,
            help="Override a setting: of training the student's (model.backbone=…), else the run's (distill.weight=…).",
        ),
    ] = None,
) -> None:
    """Distil its ensemble into one small student, and measure its accuracy and speed."""
    check_runs([run_folder])
    from sketchfit.config.overrides import settings_of

    settings = settings_of(overrides or [])
    with quick_imports():
        from sketchfit.commands.distill import distill as train_student

    train_student(run_folder, student, settings)
