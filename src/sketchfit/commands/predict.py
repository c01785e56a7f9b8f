"""`sketchfit predict`: labels for new images by a finished run, a published network or a bundle.

A bundle needs neither torch nor pandas: what a run needs is imported in `predict_run`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sketchfit.commands.addresses import local_images
from sketchfit.commands.predict_options import PredictOptions
from sketchfit.commands.predict_published import predict_published
from sketchfit.data.image_sources import NamedImages, read_images
from sketchfit.data.read_settings import ReadSettings, TableNames
from sketchfit.errors import UserError
from sketchfit.hub.download import local_folder
from sketchfit.inference.prediction_table import PredictionTable
from sketchfit.loaded.checks import check_coverage
from sketchfit.loaded.place import held_by

if TYPE_CHECKING:
    from sketchfit.runs.run import Run


def predict_table(
    run: str | Path | Run, images: Sequence[str | Path] | str | Path, options: PredictOptions
) -> PredictionTable:
    """Label images; arguments, columns and errors: `sketchfit.predict`, which returns the table as a data frame."""
    opened, lacks = _opened(run, options.partial)  # before images are read
    if options.sets is not None:
        check_coverage(options.sets)
    if options.distilled and isinstance(opened, Path):
        raise UserError(f"{run} is one network and has no distilled student", "Leave out --distilled.")
    if options.sets is not None and options.distilled:
        raise UserError("sets are calibrated for the predictions of all members", "Leave out --sets, or --distilled.")
    sources = [images] if isinstance(images, (str, Path)) else images
    settings = ReadSettings(TableNames(options.image_column), follow_links=options.follow_links)
    named = _read(sources, settings)
    if isinstance(opened, Path):
        return predict_published(opened, named, options.sets, options.reject)
    from sketchfit.commands.predict_run import predict_run

    found = predict_run(opened, named, options)
    return replace(found, notes=(*lacks, *found.notes))


def _read(sources: Sequence[str | Path], settings: ReadSettings) -> NamedImages:
    """List the images; those at an address are copied, and have names with the address."""
    found = [local_images(source) for source in sources]
    named = read_images([place for place, _ in found], settings)
    names: Sequence[str] = named.split.names
    for _, renamed in found:
        names = renamed(names)
    return replace(named, split=replace(named.split, names=tuple(names)))


def _opened(run: str | Path | Run, partial: bool) -> tuple[Run | Path, tuple[str, ...]]:
    """Return the open run, and what it lacks; or the folder of a network that is no run, downloaded from the hub."""
    if not isinstance(run, (str, Path)):
        return run, ()
    folder = local_folder(run)
    if held_by(folder) != "run":
        return folder, ()
    from sketchfit.runs.finished import open_finished

    return open_finished(folder, partial=partial)
