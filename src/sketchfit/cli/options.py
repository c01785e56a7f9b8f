"""Arguments and options that several commands share, and the checks that need no heavy import."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from sketchfit.cli.complete import recipe_names_or_auto, setting_keys

Data = Annotated[
    Path,
    typer.Argument(
        help="Folder with train.csv or one subfolder per class, or a CSV or Parquet table; "
        "also s3://, gs://, az:// or hf://."
    ),
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")]
Model = Annotated[
    Path, typer.Argument(metavar="RUN|NETWORK", help="A run's folder, a published network's, or hf://OWNER/NAME.")
]
RecipeName = Annotated[
    str,
    typer.Option(
        "--recipe",
        "-r",
        help="A shipped recipe's name, a YAML file, or auto: by the device.",
        autocompletion=recipe_names_or_auto,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="KEY=VALUE",
        help="Override a setting.",
        autocompletion=setting_keys,
    ),
]
Partial = Annotated[bool, typer.Option("--partial", help="Use what there is of a run that is not finished.")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", help="The run's folder; runs/DATA-RECIPE by default, with a digest of changed settings."
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at an image that is missing or cannot be read.")]
FollowLinks = Annotated[
    bool, typer.Option("--follow-links", help="Follow symbolic links that lead out of the data folder.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Start again: delete the run in the folder, once all is checked.")]
ImageColumn = Annotated[str | None, typer.Option("--image-column", help="Column that names the image.")]
LabelColumn = Annotated[str | None, typer.Option("--label-column", help="Column with the label.")]
Exclude = Annotated[
    Path | None, typer.Option("--exclude", metavar="FILE", help="Reviewed CSV of training images to leave out.")
]
Relabel = Annotated[
    Path | None, typer.Option("--relabel", metavar="FILE", help="Reviewed CSV of training images with other labels.")
]

Workers = Annotated[
    str | None,
    typer.Option(
        "--workers", metavar="N|auto|ray://HEAD", help="Networks to train at the same time, here or on a Ray cluster."
    ),
]
Holdout = Annotated[
    float | None, typer.Option("--holdout", metavar="SHARE", help="Validate on this share once, instead of k folds.")
]


def check_output(path: Path | None) -> None:
    """Refuse the path of an output that cannot be a file, before the work for it begins.

    Raises:
        UserError: it is a folder, its links lead in a circle, a file is in the place of one of its folders, or that
            folder cannot be written.
    """
    from sketchfit.destinations import Destination
    from sketchfit.errors import UserError

    if path is None:
        return
    destination = Destination.of(path)
    if destination.in_place:
        if destination.path.exists() and not os.access(destination.path, os.W_OK):
            raise UserError(f"{path} cannot be written: no permission", "Name another file.")
        return
    check_above(path, destination.path)


def check_above(path: Path, place: Path) -> None:
    """Refuse an output whose folder cannot be written.

    Args:
        path: as the user gave it.
        place: where it leads.

    Raises:
        UserError: a file is in the place of one of its folders, or that folder cannot be written.
    """
    from sketchfit.errors import UserError

    above = next(folder for folder in place.absolute().parents if folder.exists())
    if not above.is_dir():
        raise UserError(f"{path} cannot be written: {above} is a file", "Name another place.")
    if not os.access(above, os.W_OK):
        raise UserError(f"{path} cannot be written: no permission to write in {above}", "Name another place.")
