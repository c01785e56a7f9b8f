"""`report RUN`: everything that the page shows, from the run's folder and the images."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.load import load_recipe, member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.data.resize import to_square
from sketchfit.errors import UserError
from sketchfit.files import atomic, write_text
from sketchfit.inference.network_input import network_input
from sketchfit.reporting.evidence import Evidence, read_evidence
from sketchfit.reporting.kit.thumbnails import data_uri, thumbnail, thumbnails, webp
from sketchfit.reporting.run.gallery import Shown, choose_errors
from sketchfit.reporting.run.report import GalleryPicture, build_report, compute_statistics
from sketchfit.stages.context import RunContext, RunState
from sketchfit.tracking.console import Console, duration

log = logging.getLogger(__name__)

ORIGINAL_SIDE = 160
INPUT_SIDE = 128


def write_report(
    run: str | Path,
    console: Console | None = None,
    stages: Mapping[str, float] | None = None,
    overrides: Sequence[str] = (),
) -> Path:
    """Write `report/index.html` into a run's folder.

    Args:
        run: a run's folder; its images must still lie where they were.
        console: where to tell of it.
        stages: seconds by stage, where they are known.
        overrides: `report.gallery=50` and the like, laid on the run's recipe.

    Returns:
        Path of the page.

    Raises:
        UserError: no finished run there, or its images are gone.
    """
    console = console or Console("plain")
    began = time.monotonic()
    evidence = read_evidence(run)
    recipe = _recipe(evidence, overrides)
    if not any((evidence.root / path).is_file() for path in evidence.paths[:50]):
        raise UserError(f"the drawings of {run} are not in {evidence.root}", "Put them back, or report on another run.")
    settings = recipe.report
    statistics = compute_statistics(evidence, settings.resamples)
    pictures = thumbnails([evidence.root / path for path in evidence.paths], settings.thumbnail, recipe.compute.threads)
    shown = choose_errors(evidence, settings.gallery)
    # Imported late: cleanlab and captum take seconds, and whoever only trains need not wait for them.
    from sketchfit.reporting.run.run_sections import further_sections, gallery_heat

    extra, steps, beside = further_sections(Path(run), evidence, statistics, recipe, pictures, console)
    heat = gallery_heat(Path(run), evidence, recipe, shown, console)
    html, files = build_report(
        evidence,
        statistics,
        pictures,
        shown,
        gallery_pictures(evidence, recipe, shown, heat),
        extra,
        steps,
        stages=stages,
        inline_bytes=settings.inline_megabytes * 1e6,
    )
    page = evidence.run.folder.report
    _write(page, html, {**files, **{name: text.encode() for name, text in beside.items()}})
    console.line(f"report: {page} ({duration(time.monotonic() - began)})")
    return page


def gallery_pictures(
    evidence: Evidence, recipe: Recipe, shown: Sequence[Shown], heat: Mapping[int, NDArray[np.uint8]]
) -> list[GalleryPicture]:
    """Original, network's input and heat map of each drawing of the gallery, by the first member's recipe."""
    member = next(iter(member_recipes(recipe).values()))
    pictures = []
    for one in shown:
        path = evidence.root / evidence.paths[one.place]
        original = data_uri(webp(thumbnail(path, ORIGINAL_SIDE)))
        pixels = network_input(path, member)
        hot = heat.get(one.place)
        pictures.append(GalleryPicture(original, _small(pixels), None if hot is None else _small(hot)))
    return pictures


def _small(pixels: NDArray[np.uint8]) -> str:
    return data_uri(webp(to_square(pixels, min(INPUT_SIDE, pixels.shape[0]), "pad")[0]))


def _recipe(evidence: Evidence, overrides: Sequence[str]) -> Recipe:
    recipe = evidence.run.recipe
    return load_recipe(recipe.model_dump(mode="json"), overrides) if overrides else recipe


def _write(page: Path, html: str, files: Mapping[str, bytes]) -> None:
    drawings = page.parent / "drawings"
    if drawings.is_dir():
        shutil.rmtree(drawings)
    for name, content in files.items():
        with atomic(page.parent / name) as temporary:
            temporary.write_bytes(content)
    write_text(page, html)


def report(context: RunContext, state: RunState) -> RunState:
    """Write the report at the end of a run; an error is printed and loses nothing of the run."""

    def write() -> None:
        folder = context.run.path
        try:
            write_report(folder, context.console, context.clock.seconds)
        except Exception as error:  # the run is done, and a page that fails must not end it with an error
            reason = str(error).splitlines()[0] if str(error) else ""
            log.warning(f"the report could not be written: {type(error).__name__}: {reason}")
            log.info(f"everything else is in {folder}; try again with: sketchfit report {folder}")

    context.engine.on_main(write)
    return state
