"""The command line: parse, call, print. Heavy imports happen inside the commands, so that `--help` answers at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sketchfit.cli.continue_run import continue_app
from sketchfit.cli.export import export_app

app = typer.Typer(
    help="From a table of labelled drawings to the best classifier that can honestly be claimed for them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
recipes_app = typer.Typer(
    help="Shipped recipes: list them, show one.", invoke_without_command=True, rich_markup_mode=None
)
app.add_typer(recipes_app, name="recipes")
app.add_typer(export_app)
app.add_typer(continue_app)

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

Data = Annotated[Path, typer.Argument(help="Folder with train.csv (or a folder a class), or a CSV/Parquet table.")]
RecipeName = Annotated[str, typer.Option("--recipe", "-r", help="A shipped recipe's name, or a YAML file.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="KEY=VALUE", help="Override a setting; may be given several times."),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="The run's folder; runs/DATA-RECIPE by default.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at an image that can't be read.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Throw away what the run's folder holds and start over.")]
ImageColumn = Annotated[str | None, typer.Option("--image-column", help="Column that names the image.")]
Exclude = Annotated[
    Path | None, typer.Option("--exclude", metavar="FILE", help="Reviewed CSV of training images to leave out.")
]
Relabel = Annotated[
    Path | None, typer.Option("--relabel", metavar="FILE", help="Reviewed CSV of training images with other labels.")
]
LabelColumn = Annotated[str | None, typer.Option("--label-column", help="Column that holds the label.")]


@app.command()
def run(
    data: Data,
    recipe: RecipeName = "cpu",
    overrides: Overrides = None,
    out: Out = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    holdout: Annotated[
        float | None,
        typer.Option("--holdout", metavar="SHARE", help="Validate on this share once, instead of k folds."),
    ] = None,
    exclude: Exclude = None,
    relabel: Relabel = None,
    strict: Strict = False,
    fresh: Fresh = False,
) -> None:
    """The main job: tables and images in, submission.csv out. The same command goes on where it stopped."""
    from sketchfit.commands.run import run as run_pipeline

    share = [] if holdout is None else [f"folds.holdout={holdout}"]
    settings = [*_columns(image_column, label_column), *_review(exclude, relabel), *share, *(overrides or [])]
    run_pipeline(data, recipe, settings, out, strict=strict, fresh=fresh)


@app.command()
def audit(
    data: Data,
    recipe: RecipeName = "cpu",
    overrides: Overrides = None,
    html: Annotated[
        Path,
        typer.Option(
            "--html", metavar="OUT", help="Folder of the page, findings.json and traits.parquet; or the page itself."
        ),
    ] = Path("audit"),
    external: Annotated[
        list[Path] | None,
        typer.Option("--external", help="More training data (a table or folder) to check against the test images."),
    ] = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
) -> None:
    """Know the data before training: traits, drift, broken files, near-duplicates, leaks."""
    from sketchfit.commands.audit import audit as audit_data

    settings = [*_columns(image_column, label_column), *(overrides or [])]
    audit_data(data, recipe, settings, html, external=external or ())


@app.command()
def fit(
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the trained network.")],
    recipe: RecipeName = "cpu",
    overrides: Overrides = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    strict: Strict = False,
    fresh: Fresh = False,
) -> None:
    """Train one network on all rows, without folds; no figure is claimed for it."""
    from sketchfit.commands.fit import fit as fit_pipeline

    settings = [*_columns(image_column, label_column), *(overrides or [])]
    fit_pipeline(data, recipe, settings, out, strict=strict, fresh=fresh)


@app.command()
def predict(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    images: Annotated[list[Path], typer.Argument(help="Images, folders, or a CSV/Parquet table of images.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV to write; standard output by default.")] = None,
    image_column: ImageColumn = None,
    sets: Annotated[
        float | None, typer.Option("--sets", help="Also the classes that hold the true one with this probability.")
    ] = None,
    distilled: Annotated[bool, typer.Option("--distilled", help="By the run's distilled student alone.")] = False,
) -> None:
    """Label new images: image, label, name, probability and the five most probable names."""
    from sketchfit.commands.predict import predict as predict_pipeline

    frame = predict_pipeline(run_folder, images, image_column=image_column, sets=sets, distilled=distilled)
    text = frame.to_csv(index=False, lineterminator="\n")
    if out is None:
        sys.stdout.write(text)
    else:
        from sketchfit.files import write_text

        write_text(out, text)


@app.command()
def ensemble(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Folders of finished runs on one table.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the ensemble.")],
    submissions: Annotated[
        list[str] | None,
        typer.Option("--submission", metavar="CSV=ACCURACY", help="A submission by others and its believed accuracy."),
    ] = None,
) -> None:
    """Combine finished runs: every way compared by nested estimates, the best one's answers and submission."""
    from sketchfit.commands.ensemble import combine, parse_submissions
    from sketchfit.tracking.console import Console

    steps = combine(runs, out, parse_submissions(submissions or []), Console("plain"))
    for step in steps:
        typer.echo(f"{step.name}  {step}")


@app.command()
def submit(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    csv: Annotated[Path | None, typer.Argument(help="With --check: any CSV; the run's own by default.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Check against the sample; write nothing.")] = False,
    probabilities: Annotated[
        Path | None, typer.Option("--probabilities", metavar="CSV", help="Also write a column a class to this file.")
    ] = None,
) -> None:
    """Write the submission of a run anew, or check one."""
    from sketchfit.commands.submit import check as check_csv
    from sketchfit.commands.submit import submit as write
    from sketchfit.errors import UserError

    if not check:
        if csv is not None:
            raise UserError("a CSV is only taken with --check")
        typer.echo(str(write(run_folder, probabilities=probabilities)))
    elif problems := check_csv(run_folder, csv):
        raise UserError(problems)
    else:
        typer.echo("nothing wrong with it")


@app.command()
def score(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    truth: Annotated[Path, typer.Argument(help="CSV with the column `target`, in the order of the test rows.")],
) -> None:
    """Compare a run's answers with the true test labels, where they are known."""
    from sketchfit.commands.score import score as score_run

    for name, estimate in score_run(run_folder, truth).items():
        typer.echo(f"true test {name}  {estimate}")


@app.command()
def report(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    overrides: Overrides = None,
) -> None:
    """Write the report on a run again: figures with intervals, errors, and what to try next."""
    from sketchfit.commands.report import report as write_report

    write_report(run_folder, overrides or [])


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN…", help="Run folders; the first is the base.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Page to write.")] = Path("compare.html"),
) -> None:
    """Compare runs on the same drawings: settings, paired differences, changes per class, answers that flipped."""
    from sketchfit.commands.compare import compare as compare_runs

    compare_runs(runs, out)


@app.command(name="runs")
def list_runs(
    folder: Annotated[Path, typer.Argument(help="Folder that contains run folders.")] = Path("runs"),
    sort: Annotated[str, typer.Option("--sort", help="Column: top1, log_loss, when, name, seconds, …")] = "top1",
) -> None:
    """List the runs of a folder."""
    from sketchfit.commands.runs import runs as print_runs

    print_runs(folder, sort)


@app.command()
def draw(
    out: Annotated[Path, typer.Argument(help="Folder to make.")],
    classes: Annotated[int, typer.Option(help="Number of classes.")] = 20,
    per_class: Annotated[int, typer.Option(help="Training drawings a class.")] = 30,
    test_per_class: Annotated[int, typer.Option(help="Test drawings a class.")] = 10,
    seed: Annotated[int, typer.Option(help="Seed: the same one draws the same files.")] = 0,
    copies: Annotated[
        float, typer.Option(help="Share of drawings that are flipped, turned or re-encoded copies.")
    ] = 0.06,
) -> None:
    """Draw a synthetic data set in the competition's layout, with known test labels."""
    from sketchfit.synthetic import draw_dataset

    drawn = draw_dataset(
        out, classes=classes, per_class=per_class, test_per_class=test_per_class, seed=seed, copies=copies
    )
    typer.echo(
        f"{drawn.n_train} training and {drawn.n_test} test drawings of {len(drawn.classes)} classes in {drawn.out}/"
    )


@app.command()
def options(
    family: Annotated[
        str, typer.Argument(help="optimizers, schedules, losses, policies, operations, models or settings.")
    ] = "settings",
    like: Annotated[str, typer.Option(help="Only names that hold this, or match it with * and ?.")] = "*",
    markdown: Annotated[bool, typer.Option("--markdown", help="The whole page docs/options.md.")] = False,
) -> None:
    """List what a recipe can choose from, with a line each."""
    from sketchfit.commands.options import markdown as page
    from sketchfit.commands.options import options as choices

    if markdown:
        typer.echo(page(), nl=False)
        return
    found = choices(family, like)
    width = max((len(name) for name, _ in found), default=0)
    for name, text in found:
        typer.echo(f"{name:{width}}  {text}".rstrip())


@app.command()
def augment(
    data: Data,
    recipe: RecipeName = "cpu",
    overrides: Overrides = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="PNG to write.")] = Path("augment.png"),
    rows: Annotated[int, typer.Option(min=1, help="Drawings.")] = 6,
    draws: Annotated[int, typer.Option(min=1, help="Augmented samples of each.")] = 7,
    epoch: Annotated[int | None, typer.Option(help="Epoch, from 1; by default every stage of a curriculum.")] = None,
) -> None:
    """Write a picture of augmented drawings."""
    from sketchfit.commands.augment import AugmentSheet, show_augment

    show_augment(data, recipe, overrides or [], out, AugmentSheet(rows, draws, epoch))


@app.command("lr-find")
def lr_find(
    data: Data,
    recipe: RecipeName = "cpu",
    overrides: Overrides = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="PNG to write.")] = Path("lr-find.png"),
    low: Annotated[float, typer.Option(help="First rate.")] = 1e-6,
    high: Annotated[float, typer.Option(help="Last rate.")] = 1.0,
    steps: Annotated[int, typer.Option(help="Updates between them.")] = 100,
) -> None:
    """Test rising learning rates on the data, draw the loss over them, and suggest one."""
    from sketchfit.commands.lr_find import RateRange
    from sketchfit.commands.lr_find import lr_find as find

    find(data, recipe, overrides or [], out, RateRange(low, high, steps))


@app.command()
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
    from sketchfit.commands.ablate import Variation
    from sketchfit.commands.ablate import ablate as run_ablation

    folder = out or Path("runs") / f"{data.resolve().stem}-ablation"
    run_ablation(data, Variation(vary, seeds, grid), recipe, overrides or [], folder)


@recipes_app.callback()
def recipes(context: typer.Context) -> None:
    """List the shipped recipes."""
    if context.invoked_subcommand is None:
        list_recipes()


@recipes_app.command("list")
def list_recipes() -> None:
    """List the shipped recipes with their first line."""
    from sketchfit.config.shipped import recipe_text, shipped_recipes

    names = shipped_recipes()
    width = max(map(len, names))
    for name in names:
        typer.echo(f"{name:{width}}  {recipe_text(name).splitlines()[0].lstrip('# ')}")


@recipes_app.command("show")
def show_recipe(
    name: Annotated[str, typer.Argument(help="A shipped recipe's name, or a YAML file.")],
    full: Annotated[bool, typer.Option("--full", help="With every default.")] = False,
    overrides: Overrides = None,
) -> None:
    """Show a recipe as it is written, or whole."""
    from sketchfit.config.load import dump_recipe, load_recipe
    from sketchfit.config.shipped import recipe_text

    if full or overrides:
        typer.echo(dump_recipe(load_recipe(name, overrides or [])), nl=False)
    else:
        typer.echo(recipe_text(name), nl=False)


def _columns(image: str | None, label: str | None) -> list[str]:
    named = {"data.image_column": image, "data.label_column": label}
    return [f"{key}={value!r}" for key, value in named.items() if value is not None]


def _review(exclude: Path | None, relabel: Path | None) -> list[str]:
    named = {"data.exclude": exclude, "data.relabel": relabel}
    return [f"{key}={str(path)!r}" for key, path in named.items() if path is not None]


def main() -> None:
    """Run the command line; a user's mistake is told in words, with exit status 2."""
    from sketchfit.errors import UserError
    from sketchfit.redact import redact

    try:
        status = app(standalone_mode=False)
        if status == INTERRUPTED:  # what some versions of typer make of Ctrl-C
            raise KeyboardInterrupt
    except UserError as error:
        for problem in error.problems:
            typer.echo(redact(f"error: {problem}"), err=True)
        if error.hint:
            typer.echo(error.hint, err=True)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("stopped; the same command goes on from here", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        # The command line's own errors (no such command or option); their class has no public name.
        if not (hasattr(error, "show") and hasattr(error, "exit_code")):
            raise
        error.show()
        sys.exit(error.exit_code)
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
