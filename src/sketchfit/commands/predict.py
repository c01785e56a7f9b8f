"""`sketchfit predict`: labels for new images by a finished run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.claims.alarm import alarm
from sketchfit.claims.label_free import LabelFree
from sketchfit.claims.new_rows import estimate_new, wanted_rows
from sketchfit.data.image_sources import read_images
from sketchfit.data.read_settings import ReadSettings, TableNames
from sketchfit.data.store import open_stores
from sketchfit.data.table import Split
from sketchfit.errors import UserError
from sketchfit.inference.oof import rows_of
from sketchfit.inference.run_predictor import RunAnswers, RunPredictor
from sketchfit.runs.estimates import Estimate
from sketchfit.runs.run import Run
from sketchfit.runs.table import RunTable
from sketchfit.stages.calibrate import conformal_sets
from sketchfit.training.engine import make_engine

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def predict(
    run: str | Path,
    images: Sequence[str | Path] | str | Path,
    *,
    image_column: str | None = None,
    follow_links: bool = False,
    sets: float | None = None,
    distilled: bool = False,
) -> pd.DataFrame:
    """Label images.

    Args:
        run: a run's folder.
        images: image files, folders (all images below), or tables.
        image_column: column of a table that names the image.
        follow_links: follow symbolic links that lead out of a folder of images.
        sets: coverage of prediction sets, above 0, below 1. The column `set` then has the classes that together include
            the right one with this probability, for images like those of the training table.
        distilled: predict only with the run's distilled student: the entire image, without calibration.

    Returns:
        One row per image, in the order given: `image`, `label` (the class in the training table), `name`,
        `probability`, `top5` (`name:probability` of the five most probable, separated by `;`), `error` (why an image
        could not be read, else empty; all classes are then equally probable). `attrs["accuracy"]` is the accuracy to
        expect, an `Estimate` made without labels; None for fewer than 100 readable images, and where the run has no
        model of it. `attrs["contradicts"]` is the claim of the run (an `Estimate`) where these images contradict it,
        else None. `attrs["notes"]` names files that are missing or not used, one sentence each.

    Raises:
        UserError: there is no finished run, no student or no such image, or sets of a student are requested.
    """
    opened = Run.open(run)  # a folder without a run is reported before images are read
    if sets is not None and not 0 < sets < 1:
        raise UserError(f"the coverage of sets must be between 0 and 1, not {sets:g}", "For example: --sets 0.95")
    if sets is not None and distilled:
        raise UserError("sets are calibrated for the predictions of all members", "Leave out --sets, or --distilled.")
    sources = [images] if isinstance(images, (str, Path)) else images
    settings = ReadSettings(TableNames(image_column), follow_links=follow_links)
    named = read_images([Path(source) for source in sources], settings)
    root, split = named.root, named.split
    predictor = RunPredictor.of_student(opened) if distilled else RunPredictor.of(opened)
    answers, wanted, errors = _answers(opened, predictor, root, split)
    prob = answers.final
    frame = _frame(split, prob, errors, opened.table)
    model = None if distilled else opened.label_free
    found = None if model is None else estimate_new(model, predictor, answers, wanted)
    frame.attrs["notes"] = named.notes
    frame.attrs["accuracy"] = None if found is None else replace(found.final, n=errors.count(""))
    frame.attrs["contradicts"] = None if found is None else _contradicted(opened, found)
    if sets is not None:
        frame["set"] = _set_texts(opened, prob, sets)
    return frame


def _contradicted(run: Run, found: LabelFree) -> Estimate | None:
    """Return the run's claim where new images contradict it."""
    claim = run.claim
    if claim is None or not alarm(found, claim.single, claim.single_error).fires:
        return None
    return claim.expected


def _answers(run: Run, predictor: RunPredictor, root: Path, split: Split) -> tuple[RunAnswers, Rows, list[str]]:
    """Decode each image once for all members.

    Returns:
        The probabilities, the images with those of each network, and why images could not be read.
    """
    device = make_engine(run.recipe.compute).device
    with tempfile.TemporaryDirectory(prefix="sketchfit-") as cache:
        stores = open_stores(root, split.paths, predictor.store_settings, Path(cache))
        errors = [texts[0] if all(texts) else "" for texts in zip(*(store.errors for store in stores), strict=True)]
        wanted = wanted_rows(np.array([not error for error in errors], dtype=np.bool_))
        answers = predictor.answers(stores, device, wanted)
        del stores  # the memory maps must be closed before the folder is deleted
    return answers, wanted, errors


def _set_texts(run: Run, prob: Floats, coverage: float) -> list[str]:
    """Return the classes of each row's prediction set, the most probable first, separated by `;`."""
    if not run.has("oof"):
        raise UserError(f"{run.path} has no out-of-fold rows to calibrate sets on", "Sets need a run with folds.")
    oof, names = run.oof(), run.table.class_names
    rows = rows_of(run.rows, oof.row)
    inside = conformal_sets(oof.prob, rows, coverage, run.recipe.calibration.set_score).sets(prob)
    order = np.argsort(-prob, axis=1, kind="stable")
    return [";".join(names[i] for i in line if inside[row, i]) for row, line in enumerate(order)]


def _frame(split: Split, prob: Floats, errors: Sequence[str], table: RunTable) -> pd.DataFrame:
    order = np.argsort(-prob, axis=1, kind="stable")[:, :5]
    best, names = order[:, 0], table.class_names
    return pd.DataFrame(
        {
            "image": list(split.names),
            "label": [table.class_labels[index] for index in best],
            "name": [names[index] for index in best],
            "probability": [f"{prob[row, index]:.6f}" for row, index in enumerate(best)],
            "top5": [";".join(f"{names[i]}:{prob[row, i]:.4f}" for i in top) for row, top in enumerate(order)],
            "error": list(errors),
        }
    )
