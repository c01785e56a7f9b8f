"""`sketchfit export`: a bundle in a folder, or one network in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sketchfit.cli.command import command
from sketchfit.cli.options import Partial, Run, check_above, check_output
from sketchfit.cli.web_page import WebRuntimeFolder, check_web_page, write_web_page
from sketchfit.commands.places import check_runs
from sketchfit.imports import quick_imports
from sketchfit.printing import echo

if TYPE_CHECKING:
    from sketchfit.commands.bundle.options import BundleOptions

GROUP = "Deploy"
app = typer.Typer()


@command(app, GROUP, "sketchfit export runs/first --out bundle", "sketchfit export runs/first --out network.onnx")
def export(
    run_folder: Run,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the bundle; or one file, .onnx or .xml.")],
    format: Annotated[
        str | None, typer.Option("--format", help="Of one file: onnx or openvino; by default by its ending.")
    ] = None,
    member: Annotated[
        str | None, typer.Option("--member", help="Whose network; in a bundle by default the best one's.")
    ] = None,
    fold: Annotated[int | None, typer.Option("--fold", help="That fold's network.")] = None,
    also: Annotated[
        list[str] | None, typer.Option("--also", metavar="FORM", help="Add to the bundle: openvino, int8 or torch.")
    ] = None,
    int8_loss: Annotated[
        float, typer.Option("--int8-loss", metavar="POINTS", help="Accuracy that int8 may lose, in points.")
    ] = 1.0,
    neighbours: Annotated[
        bool, typer.Option("--neighbours", help="Add up to 2,000 training drawings, shown next to answers.")
    ] = False,
    licence: Annotated[
        str | None,
        typer.Option("--licence", "--license", help="Licence of the network; by default the licence of its weights."),
    ] = None,
    web: Annotated[
        Path | None,
        typer.Option("--web", metavar="DIR", help="Also write the page to draw on as a folder that needs no service."),
    ] = None,
    web_runtime: WebRuntimeFolder = None,
    partial: Partial = False,
) -> None:
    """Write a bundle: one network with preprocessing, labels, accuracy and an example. Or the network as one file."""
    from sketchfit.commands.bundle.place import FORMATS, check_folder, check_place

    if format is not None or out.suffix in FORMATS:
        from sketchfit.errors import UserError

        if also or neighbours or licence is not None or web is not None:
            raise UserError(
                f"{out} is one file: --also, --neighbours, --licence and --web are of bundles", "Name a folder."
            )
        _export_file(run_folder, out, format or FORMATS[out.suffix], member, fold, partial=partial)
        return
    check_folder(out)
    if web is not None:
        check_web_page(web, web_runtime)
    check_place(out)
    check_above(out, out)
    check_runs([run_folder])
    with quick_imports():
        from sketchfit.commands.bundle.options import BundleOptions, parse_also, parse_points

    forms = parse_also(also or [])
    options = BundleOptions(member, fold, neighbours, forms, parse_points(int8_loss), licence)
    _export_bundle(run_folder, out, options, partial=partial)
    if web is not None:
        write_web_page(out, web, web_runtime)


def _export_bundle(run_folder: Path, out: Path, options: BundleOptions, *, partial: bool) -> None:
    """Write a bundle, and print what it is."""
    with quick_imports():
        from sketchfit.commands.bundle.export import export_bundle
        from sketchfit.commands.bundle.summary import summary

    manifest, notes = export_bundle(run_folder, out, options, partial=partial)
    for note in notes:
        echo(f"note: {note}", error=True)
    echo(f"{run_folder}: {manifest.network.name} → {out}")
    for line in summary(manifest):
        echo(line)


def _export_file(
    run_folder: Path, out: Path, format: str, member: str | None, fold: int | None, *, partial: bool
) -> None:
    """Write one network as a file, and print how it is used."""
    check_output(out)
    check_runs([run_folder])
    with quick_imports():
        from sketchfit.commands.export import export as export_network

    found = export_network(run_folder, out, format, member=member, fold=fold, partial=partial)  # type: ignore[arg-type]
    if "note" in found:
        echo(f"note: {found['note']}", error=True)
    echo(f"{found['network']} → {found['file']}")
    for key in ("input", "output", "preprocessing"):
        echo(f"{key}: {found[key]}")
    echo("not calibrated; `--out FOLDER` writes a calibrated network, which may be another one")
    if "claim" in found:
        _print_accuracy(found["claim"])


def _print_accuracy(claim: str) -> None:
    """Print what one network alone lacks of the run's answer, from the text in the file's metadata."""
    import json

    from sketchfit.runs.artefacts.claims import percent
    from sketchfit.runs.estimates import Estimate

    known = json.loads(claim)
    echo(
        f"accuracy: {100 * known['single_network']:.1f} % is expected of one fold's network on new rows, and "
        f"{percent(Estimate(**known['run']))} of the complete run"
    )
