"""`--exclude FILE`, `--relabel FILE`: a reviewed list of doubtful labels acts on the table before anything is trained.

Either file is a CSV with the column `image_path`. In the report's `label_issues.csv` the column `decision` says what to
do: `exclude`, or a class's name. One file serves for both options. Without that column, every image of an `--exclude`
file is excluded, and a `--relabel` file names the class in `label`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sketchfit.config.data import DataSection
from sketchfit.data.review import exclude_images, relabel_images
from sketchfit.data.table import Table
from sketchfit.errors import UserError

EXCLUDE = "exclude"


def review_table(table: Table, section: DataSection, folds: int | None) -> Table:
    """The table after the recipe's review files; labels change first.

    Args:
        folds: drawings that each class must keep; None: one.

    Raises:
        UserError: a class that is left with too few drawings; a file that is missing or has other columns, or images or
            classes that are not in the table.
    """
    if section.relabel is not None and (labels := read_relabel(Path(section.relabel))):
        table = relabel_images(table, labels)
    if section.exclude is not None and (images := read_exclude(Path(section.exclude))):
        table = exclude_images(table, images)
    counts = np.bincount(table.label, minlength=table.class_count)
    small = [name for name, count in zip(table.class_names, counts, strict=True) if count < (folds or 1)]
    if small and (section.relabel or section.exclude):
        raise UserError(
            [f"class {name!r} would have fewer drawings than there are folds ({folds})" for name in small],
            "Keep more of it, or set folds.k lower.",
        )
    return table


def read_exclude(path: Path) -> list[str]:
    """Images to leave out, in the file's order."""
    frame = _read(path)
    if "decision" in frame:
        frame = frame[frame["decision"].str.strip().str.lower() == EXCLUDE]
    return list(dict.fromkeys(frame["image_path"]))


def read_relabel(path: Path) -> dict[str, str]:
    """Image to the name of its new class."""
    frame = _read(path)
    column = "decision" if "decision" in frame else "label"
    if column not in frame:
        raise UserError(f"{path} has no column 'label'", "Name each image's class there.")
    labels = frame[column].str.strip()
    wanted = frame[(labels != "") & (labels.str.lower() != EXCLUDE)]
    return dict(zip(wanted["image_path"], wanted[column].str.strip(), strict=True))


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise UserError(f"{path} does not exist", "Give the reviewed label_issues.csv of a report.")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    if "image_path" not in frame:
        raise UserError(f"{path} has no column 'image_path'; its columns are {', '.join(map(str, frame.columns))}")
    return frame
