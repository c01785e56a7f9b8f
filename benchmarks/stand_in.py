"""A stand-in test set: rows of a training table that are held out, near-duplicates together, as a separate data set.

Names of its test images are numbers, so that nothing but the pictures shows how they relate to the training images.
"""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing import AuditSettings, run_audit
from sketchfit.config.audit import AuditSection
from sketchfit.data.folds import stratified_folds
from sketchfit.data.readers import read_table


def labels_of(data: Path) -> Path:
    """Return the place of the true labels of the test images: next to the folder of the data set, which a run reads."""
    return data.with_name(f"{data.name}-labels.csv")


def held_out(data: Path, cache: Path, share: float, seed: int) -> NDArray[np.bool_]:
    """Choose complete groups of near-duplicates, about as many rows of each class.

    Args:
        data: folder with `train.csv` and the images in `train/`.
        cache: folder for the measurements of the images.
        share: of the rows to hold out.
        seed: of the choice.

    Returns:
        bool [N], in the order of `train.csv`.
    """
    table = read_table(data)
    group = run_audit(table, AuditSettings(AuditSection(detail="copies")), cache).group
    return np.asarray(stratified_folds(table.label, [1 - share, share], seed, group) == 1)


def write_split(data: Path, held: NDArray[np.bool_], out: Path, rng: np.random.Generator) -> int:
    """Write a data set in the competition's layout, with the true labels of its test images in `labels_of(out)`.

    Args:
        data: folder with `train.csv` and the images in `train/`.
        held: bool [N], rows of `train.csv` that become the test set.
        out: folder to write; what it holds is deleted.
        rng: of the order of the test images.

    Returns:
        The number of test images.
    """
    with (data / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if len(rows) != len(held):
        raise ValueError(f"train.csv has {len(rows)} rows, and {len(held)} are known")
    shutil.rmtree(out, ignore_errors=True)
    train = [row for row, test in zip(rows, held, strict=True) if not test]
    test = [rows[place] for place in rng.permutation(np.flatnonzero(held))]
    names = [f"{number:05d}{Path(row['image_path']).suffix}" for number, row in enumerate(test)]
    for row in train:
        link(data / "train" / row["image_path"], out / "train" / row["image_path"])
    for row, name in zip(test, names, strict=True):
        link(data / "train" / row["image_path"], out / "test" / name)
    _write(out / "train.csv", list(rows[0]), [list(row.values()) for row in train])
    _write(out / "test.csv", ["image_path"], [[name] for name in names])
    targets = [row["target"] for row in test]
    for path, column in ((out / "sample_submission.csv", ["0"] * len(test)), (labels_of(out), targets)):
        lines = [[number, *pair] for number, pair in enumerate(zip(names, column, strict=True))]
        _write(path, ["ID", "image_path", "target"], lines)
    return len(test)


def link(source: Path, place: Path) -> None:
    """Link a file where the disk allows, else copy it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, place)
    except OSError:
        shutil.copyfile(source, place)


def _write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
