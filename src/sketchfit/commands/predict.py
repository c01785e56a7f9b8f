"""`sketchfit predict`: labels for new images by a finished run, a published network or a bundle.

A bundle needs neither torch nor pandas: what a run needs is imported in `predict_run`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sketchfit.commands.predict_published import predict_published
from sketchfit.data.image_sources import read_images
from sketchfit.data.read_settings import ReadSettings, TableNames
from sketchfit.errors import UserError
from sketchfit.hub.download import local_folder
from sketchfit.inference.prediction_table import PredictionTable
from sketchfit.loaded.checks import check_coverage
from sketchfit.loaded.place import held_by

if TYPE_CHECKING:
    import pandas as pd

    from sketchfit.runs.run import Run


@dataclass(frozen=True)
class PredictOptions:
    """Options of `predict`, which documents them."""

    image_column: str | None = None
    follow_links: bool = False
    sets: float | None = None
    reject: float | None = None
    distilled: bool = False


def predict(  # noqa: PLR0913 - a command: all but the first two are keywords
    run: str | Path | Run,
    images: Sequence[str | Path] | str | Path,
    *,
    image_column: str | None = None,
    follow_links: bool = False,
    sets: float | None = None,
    reject: float | None = None,
    distilled: bool = False,
) -> pd.DataFrame:
    """Label images.

    Args:
        run: the folder of a finished run; or a run that is open, finished or not; or a published network, as a folder
            or as `hf://owner/name` on the hub.
        images: image files, folders (all images below), or tables.
        image_column: column of a table that names the image.
        follow_links: follow symbolic links that lead out of a folder of images.
        sets: coverage of prediction sets, above 0, below 1. The column `set` then has the classes that together include
            the right one with this probability, for images like those of the training table.
        reject: answer `unknown` where no class fits. At most this share of images of the training table's classes is
            rejected, for images like those of the table; see docs/unknown.md.
        distilled: predict only with the run's distilled student: the entire image, without calibration.

    Returns:
        One row per image, in the order given: `image` (unlike that of any other image), `label` (what the training
        table calls the class), `index` (of the class in the run's probabilities), `name`, `probability`; `label_1`,
        `probability_1`, `label_2` … of the five most probable classes; with `sets` the column `set`, a JSON list of
        labels; with `reject` the column `p_value`, small where the image is hardly of any class: where it is `reject`
        or less, `label` and `name` are `unknown`, and `index` and `probability` are missing; `error` (why an image
        could not be read, else empty; such an image has no class). `attrs["accuracy"]` is the accuracy to expect, an
        `Estimate` made without labels; None for fewer than 100 readable images, and where the run has no model of it.
        `attrs["contradicts"]` is the claim of the run (an `Estimate`) where these images contradict it, else None.
        `attrs["compared_with"]` is what p-values rest on, in words; None without `reject`. `attrs["notes"]` names files
        that are missing or not used, one sentence each.

    Raises:
        UserError: there is no run, it is not finished, there is no student or no such image, sets of a student are
            requested, or the run cannot promise such a rate of rejection.
    """
    options = PredictOptions(image_column, follow_links, sets, reject, distilled)
    return predict_table(run, images, options).frame()


def predict_table(
    run: str | Path | Run, images: Sequence[str | Path] | str | Path, options: PredictOptions
) -> PredictionTable:
    """Label images; see `predict`."""
    opened = _opened(run)  # before images are read
    if options.sets is not None:
        check_coverage(options.sets)
    if options.distilled and isinstance(opened, Path):
        raise UserError(f"{run} is one network and has no distilled student", "Leave out --distilled.")
    if options.sets is not None and options.distilled:
        raise UserError("sets are calibrated for the predictions of all members", "Leave out --sets, or --distilled.")
    sources = [images] if isinstance(images, (str, Path)) else images
    settings = ReadSettings(TableNames(options.image_column), follow_links=options.follow_links)
    named = read_images([Path(source) for source in sources], settings)
    if isinstance(opened, Path):
        return predict_published(opened, named, options.sets, options.reject)
    from sketchfit.commands.predict_run import predict_run

    return predict_run(opened, named, options)


def _opened(run: str | Path | Run) -> Run | Path:
    """Return the open run; or the folder of a network that is no run, after a download from the hub."""
    if not isinstance(run, (str, Path)):
        return run
    folder = local_folder(run)
    if held_by(folder) != "run":
        return folder
    from sketchfit.runs.finished import open_finished

    return open_finished(folder)[0]
