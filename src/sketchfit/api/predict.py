"""`sketchfit.predict`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sketchfit.api.call import check_paths, public_call

if TYPE_CHECKING:
    import pandas as pd

    from sketchfit.runs.run import Run


def predict(
    run: str | Path | Run,
    images: Sequence[str | Path] | str | Path,
    *,
    image_column: str | None = None,
    follow_links: bool = False,
    sets: float | None = None,
    reject: float | None = None,
    distilled: bool = False,
) -> pd.DataFrame:
    """Label images by a finished run or a published network; `load` keeps a model in memory for more calls.

    Args:
        run: the folder of a finished run; or a run that is open, finished or not; or a published network, as a folder
            or as `hf://owner/name` on the hub.
        images: image files, folders (all images below), tables, or addresses of these (`s3://…`).
        image_column: column of a table that names the image; None: found by its usual names.
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
        RunError: there is no run or network, it is not finished, or it cannot do what is wanted.
        DataError: there is no such image, or a table has a mistake.
        MissingPackageError: a package is not installed.
        UserError: `sets` or `reject` is no such rate, or another mistake.

    Examples:
        >>> import sketchfit
        >>> table = sketchfit.predict("runs/first", "drawing.png", sets=0.9)
        >>> list(table.columns[:5]), len(table)
        (['image', 'label', 'index', 'name', 'probability'], 1)
    """
    with public_call():
        check_paths(run=run, images=images)
        from sketchfit.commands.predict import predict_table
        from sketchfit.commands.predict_options import PredictOptions

        options = PredictOptions(image_column, follow_links, sets, reject, distilled)
        return predict_table(run, images, options).frame()
