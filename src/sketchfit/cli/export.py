"""Commands that hand a trained network to other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

export_app = typer.Typer()


@export_app.command()
def export(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: .onnx, or .xml for openvino.")],
    format: Annotated[str, typer.Option("--format", help="onnx or openvino.")] = "onnx",
    member: Annotated[str | None, typer.Option("--member", help="Whose network, where there are several.")] = None,
    fold: Annotated[
        int | None, typer.Option("--fold", help="That fold's network; by default that of all rows, else fold 0's.")
    ] = None,
) -> None:
    """Write one trained network as an ONNX or OpenVINO file, from pixels to probabilities, with its class names."""
    from sketchfit.commands.export import export as export_network

    found = export_network(run_folder, out, format, member=member, fold=fold)  # type: ignore[arg-type]
    typer.echo(f"{found['network']} → {found['file']}")
    for key in ("input", "output", "preprocessing"):
        typer.echo(f"{key}: {found[key]}")
