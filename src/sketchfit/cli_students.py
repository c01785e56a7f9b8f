"""Commands that go on with a finished run: students of its networks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

students_app = typer.Typer(rich_markup_mode=None)

Run = Annotated[Path, typer.Argument(metavar="RUN", help="A finished run's folder.")]


@students_app.command("pseudo-label")
def pseudo_label(
    run_folder: Run,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="KEY=VALUE", help="Override a setting; may be given several times."),
    ] = None,
) -> None:
    """Go on with a run: students that also learn from test rows, kept where they are better out of fold."""
    from sketchfit.pipeline.go_on import go_on

    go_on(run_folder, ["pseudo_label.enabled=true", *(overrides or [])])


@students_app.command("distill")
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
    from sketchfit.pipeline.go_on import go_on_distilling

    go_on_distilling(run_folder, student, overrides or [])
