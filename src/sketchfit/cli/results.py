"""Commands that use finished runs: predict, submit, score, report, compare, ensemble."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sketchfit.cli.command import command
from sketchfit.cli.options import FollowLinks, ImageColumn, Model, Overrides, Partial, Run, check_output
from sketchfit.commands.places import check_compared, check_files, check_holds_runs, check_runs
from sketchfit.imports import quick_imports
from sketchfit.printing import echo, print_data
from sketchfit.wording import counted

if TYPE_CHECKING:
    from sketchfit.runs.estimates import Estimate

GROUP = "Use results"
app = typer.Typer()


@command(
    app,
    GROUP,
    "sketchfit predict runs/first photo.png",
    "sketchfit predict runs/first images/ --out labels.csv",
)
def predict(
    run_folder: Model,
    images: Annotated[
        list[Path],
        typer.Argument(help="Images, folders, a CSV or Parquet table of images, or addresses of these (s3://…)."),
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV to write; standard output by default.")] = None,
    image_column: ImageColumn = None,
    follow_links: FollowLinks = False,
    sets: Annotated[
        float | None, typer.Option("--sets", help="Also the classes that contain the true one with this probability.")
    ] = None,
    reject: Annotated[
        float | None,
        typer.Option(
            "--reject",
            metavar="RATE",
            help="Answer `unknown` for images of no class, and for at most this share of other images.",
        ),
    ] = None,
    distilled: Annotated[bool, typer.Option("--distilled", help="Use the run's distilled student alone.")] = False,
    partial: Partial = False,
) -> None:
    """Label new images: image, label, name, probability and the five most probable classes."""
    check_runs([run_folder], networks=True)
    check_files(images, addresses=True)
    check_output(out)
    with quick_imports():
        from sketchfit.commands.predict import predict_table
        from sketchfit.commands.predict_options import PredictOptions

    from sketchfit.errors import UserError
    from sketchfit.inference.unknown import UNKNOWN

    options = PredictOptions(image_column, follow_links, sets, reject, distilled, partial)
    found = predict_table(run_folder, images, options)
    for note in found.notes:
        echo(f"note: {note}", error=True)
    labels, errors = found.columns["label"], found.columns["error"]
    if reject is not None:
        count = sum(label == UNKNOWN for label in labels)
        echo(f"{count:,} of {len(labels):,} images are unknown, compared with {found.compared_with}", error=True)
    _print_estimate(found.accuracy, found.contradicts)
    if out is None:
        print_data(found.csv())
    else:
        from sketchfit.files import write_output

        write_output(out, found.csv())
    if all(errors):
        raise UserError(f"none of the images can be read; the first: {found.columns['image'][0]}: {errors[0]}")


def _print_estimate(accuracy: Estimate | None, claim: Estimate | None) -> None:
    """Print the estimate of new images to standard error, and a warning where they contradict the run's claim."""
    from sketchfit.runs.artefacts.claims import percent

    if accuracy is not None:
        echo(
            f"accuracy on {counted(accuracy.n, 'new image')}, estimated without labels: {percent(accuracy)}", error=True
        )
    if claim is not None:
        echo(
            f"WARNING: they contradict the run's claim of {percent(claim)}: they are of another kind than the training "
            "images, or the folds of the run separated related images (see its report)",
            error=True,
        )


@command(app, GROUP, "sketchfit submit runs/first --check")
def submit(
    run_folder: Run,
    csv: Annotated[Path | None, typer.Argument(help="With --check: any CSV; the run's own by default.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Check against the sample; write nothing.")] = False,
    probabilities: Annotated[
        Path | None,
        typer.Option("--probabilities", metavar="CSV", help="Also write one column per class to this file."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="CSV to write; by default that of the run, which must not be at work."),
    ] = None,
    partial: Partial = False,
) -> None:
    """Write the submission of a run again, or check one."""
    check_runs([run_folder])
    check_files([] if csv is None else [csv])
    from sketchfit.errors import UserError

    if csv is not None and not check:
        raise UserError("a CSV is only allowed with --check")
    check_output(probabilities)
    check_output(out)
    with quick_imports():
        from sketchfit.commands.submit import SubmitOptions, claim_lines
        from sketchfit.commands.submit import check as check_csv
        from sketchfit.commands.submit import submit as write

    if not check:
        echo(str(write(run_folder, SubmitOptions(probabilities, partial, out))))
        for line in claim_lines(run_folder):
            echo(line, error=True)
    elif problems := check_csv(run_folder, csv):
        raise UserError(problems)
    else:
        echo("nothing wrong with it")


@command(app, GROUP, "sketchfit score runs/first data/test_labels.csv")
def score(
    run_folder: Run,
    truth: Annotated[Path, typer.Argument(help="Table of true labels; rows are matched by image or ID.")],
    partial: Partial = False,
) -> None:
    """Compare the predictions of a run, and what it claimed, with the true test labels, where they are known."""
    check_runs([run_folder])
    check_files([truth])
    with quick_imports():
        from sketchfit.commands.score import score as score_run

    for line in score_run(run_folder, truth, partial=partial).lines():
        echo(line)


@command(app, GROUP, "sketchfit report runs/first")
def report(
    run_folder: Run,
    overrides: Overrides = None,
    partial: Partial = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder to write; by default the run's, which must not be at work."),
    ] = None,
) -> None:
    """Write the report on a run again: figures with intervals, errors, and what to try next."""
    check_runs([run_folder])
    with quick_imports():
        from sketchfit.commands.report import report as write_report

    write_report(run_folder, overrides or [], partial=partial, out=out)


@command(app, GROUP, "sketchfit compare runs/first runs/second --names small,large")
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN…", help="Run folders, two or more.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Page to write.")] = Path("compare.html"),
    names: Annotated[
        str | None, typer.Option("--names", metavar="A,B", help="A name per run; by default those of the folders.")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="NAME", help="Run that the others are compared with. [default: first]"),
    ] = None,
    timed: Annotated[bool, typer.Option("--time/--no-time", help="Measure the time per image of each run.")] = True,
    partial: Partial = False,
) -> None:
    """Compare runs on the same drawings: differences with intervals, accuracy against time, changed predictions."""
    check_runs(runs)
    check_compared(runs, names)
    check_output(out)
    with quick_imports():
        from sketchfit.commands.compare import CompareOptions
        from sketchfit.commands.compare import compare as compare_runs

    given = [] if names is None else [name.strip() for name in names.split(",")]
    compare_runs(runs, out, CompareOptions(given, base, partial, timed))


@command(app, GROUP, "sketchfit runs runs --sort claim", name="runs", by_several=True)
def list_runs(
    folder: Annotated[Path, typer.Argument(help="Folder that contains run folders.")] = Path("runs"),
    sort: Annotated[str, typer.Option("--sort", help="Column, such as top-1, claim, log-loss, when, time.")] = "top-1",
) -> None:
    """List the runs of a folder."""
    check_holds_runs(folder)
    with quick_imports():
        from sketchfit.commands.runs import runs as print_runs

    print_runs(folder, sort)


@command(app, GROUP, "sketchfit ensemble runs/first runs/second --out runs/both")
def ensemble(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Folders of finished runs on one table.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the ensemble.")],
    submissions: Annotated[
        list[str] | None,
        typer.Option("--submission", metavar="CSV=ACCURACY", help="A submission by others and its assumed accuracy."),
    ] = None,
    partial: Partial = False,
) -> None:
    """Combine finished runs: every method with its nested estimate; submission of the best one."""
    check_runs(runs)
    with quick_imports():
        from sketchfit.commands.ensemble import combine, parse_submissions

    from sketchfit.tracking.console import Console

    for step in combine(runs, out, parse_submissions(submissions or []), Console(), partial=partial):
        echo(f"{step.name}  {step}")
