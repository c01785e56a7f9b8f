"""The audit as a stage of a run, and as a command of its own."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.audit import Audit, Backbone, PixelStatistics, run_audit, write_findings, write_traits
from sketchfit.audit.leak_guard import check_external
from sketchfit.audit.measure import MeasureSettings, Measuring
from sketchfit.config.load import load_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.data.store import See
from sketchfit.data.stores import cache_folder
from sketchfit.data.table import Table, fingerprint
from sketchfit.files import read_json, write_json, write_npz
from sketchfit.reporting.audit.audit_page import write_audit_page
from sketchfit.runs.fingerprint import digest
from sketchfit.stages.tables import load_table
from sketchfit.tracking.console import Console


def audit(
    data: str | Path,
    recipe: str | Path | Mapping[str, Any] = "cpu",
    overrides: Sequence[str] | Mapping[str, Any] = (),
    out: str | Path = "audit",
    *,
    external: Sequence[str | Path] = (),
) -> Audit:
    """Look at a data set before training.

    Args:
        data: folder with the tables and images, or a table.
        recipe, overrides: as for `run`; `audit:`, `data:`, `folds:` and `seed` matter.
        out: folder of `findings.json`, `traits.parquet` and `index.html`; or the page's own path, ending in `.html`,
            with the other files beside it.
        external: further training data to be checked against the test and training images.

    Raises:
        UserError: a mistake in the recipe or the tables; external data that holds test images.
    """
    settings = load_recipe(recipe, overrides)
    if external:
        given = settings.audit.model_copy(update={"external": tuple(map(str, external))})
        settings = settings.model_copy(update={"audit": given})
    console = Console(settings.tracking.progress)
    table = load_table(Path(data), settings, with_folds=False)
    place = Path(out)
    folder, page = (place.parent, place.name) if place.suffix == ".html" else (place, "index.html")
    _check_external(table, settings, console)
    found = _audit(table, settings, folder, console, page)
    print_audit(found, folder, console, page)
    return found


class AuditCallback:
    """Measures a table's images for the audit while the stores decode them, so that the audit decodes none.

    Where the audit is off, or these images were measured before, nobody looks.
    """

    def __init__(self, table: Table, recipe: Recipe) -> None:
        self._table, self._recipe = table, recipe
        self._measuring: Measuring | None = None
        self._asked = False

    def train(self, max_pixels: int) -> See | None:
        """The training images' `Watch`."""
        return self._watch(0, max_pixels)

    def test(self, max_pixels: int) -> See | None:
        """The test images' `Watch`."""
        return self._watch(len(self._table.train), max_pixels)

    def finish(self, console: Console) -> None:
        """Look at those images that no store decoded, and leave the measurements in the cache for the audit."""
        if self._measuring is not None:
            with console.bar("measuring all images", len(self._table.train) + len(self._table.test)) as advance:
                self._measuring.finish(lambda done: advance(done, ""))
            self._measuring = None

    def _watch(self, first: int, max_pixels: int) -> See | None:
        if max_pixels != self._recipe.data.max_pixels:
            return None  # the audit calls other images unreadable
        if not self._asked and self._recipe.audit.enabled:
            files = [self._table.root / path for path in (*self._table.train.paths, *self._table.test.paths)]
            settings = MeasureSettings(self._recipe.audit.thumbnail, max_pixels)
            measuring = Measuring(files, settings, cache_folder(self._recipe))
            self._measuring = None if measuring.path.is_file() else measuring
        self._asked = True
        measuring_now = self._measuring
        if measuring_now is None:
            return None
        return lambda row, data, image: measuring_now.see(first + row, data, image)


def groups_for_folds(
    table: Table, recipe: Recipe, stores: Sequence[str], folder: Path, console: Console
) -> NDArray[np.int64] | None:
    """The audit as a stage: near-duplicate group of each training row, int64 [N]; None where it is switched off.

    What was found for the same images and settings is read from `folder` again.

    Args:
        stores: keys of the image stores, which name the content of all images.
        folder: the run's `audit/`.
    """
    if not recipe.audit.enabled:
        return None
    _check_external(table, recipe, console)  # each time: files outside the tables may have changed since
    done, key = folder / "done.json", _key(table, recipe, stores)
    if not (done.is_file() and read_json(done) == {"key": key}):
        found = _audit(table, recipe, folder, console)
        print_audit(found, folder, console)
        write_npz(folder / "groups.npz", {"group": found.group})
        write_json(done, {"key": key})
    with np.load(folder / "groups.npz") as file:
        group: NDArray[np.int64] = file["group"]
    return group


def _key(table: Table, recipe: Recipe, stores: Sequence[str]) -> str:
    folds = [recipe.folds.k, recipe.folds.seed, recipe.seed]
    return digest(fingerprint(table), recipe.audit.model_dump(), folds, recipe.model.backbone, list(stores))


def _audit(table: Table, recipe: Recipe, folder: Path, console: Console, page: str = "index.html") -> Audit:
    cache = cache_folder(recipe)
    with console.bar("measuring all images", len(table.train) + len(table.test)) as advance:
        found = run_audit(
            table,
            recipe.audit,
            cache,
            lambda done: advance(done, ""),
            k=recipe.folds.k,
            seed=recipe.seed if recipe.folds.seed is None else recipe.folds.seed,
            max_pixels=recipe.data.max_pixels,
            backbone=_backbone(recipe, cache),
        )
    write_findings(folder / "findings.json", found)
    write_traits(folder / "traits.parquet", found)
    if recipe.audit.html:
        write_audit_page(folder / page, found, recipe.audit)
    return found


def _backbone(recipe: Recipe, cache: Path) -> Backbone:
    """The recipe's backbone and what its weights expect of the pixels; remembered, since only timm knows it."""
    model = recipe.model
    weights = Path(model.weights).expanduser() if model.weights else None
    stamp = [weights.stat().st_size, weights.stat().st_mtime_ns] if weights and weights.is_file() else None
    key = digest(importlib.metadata.version("timm"), model.backbone, model.mean, model.std, model.weights, stamp)
    known = cache / f"normalisation-{key}.json"
    if not known.is_file():
        from sketchfit.models.backbone import expected_normalisation  # timm and torch take seconds to import

        expects = expected_normalisation(model)
        write_json(known, {"mean": expects.mean, "std": expects.std})
    found = read_json(known)
    return Backbone(model.backbone, PixelStatistics(tuple(found["mean"]), tuple(found["std"])))


def _check_external(table: Table, recipe: Recipe, console: Console) -> None:
    if not recipe.audit.external:
        return
    paths = [Path(path) for path in recipe.audit.external]
    check = check_external(table, paths, recipe.audit, cache_folder(recipe), max_pixels=recipe.data.max_pixels)
    for note in check.notes:
        console.line(note)
    if not check.overlaps:
        console.line(f"{check.images:,} external images: none is a copy of a test or training image")
    for path, reason in check.unreadable.items():
        console.line(f"external image not compared: {path}: {reason}")


def print_audit(found: Audit, folder: Path, console: Console, page: str = "index.html") -> None:
    """The short summary: copies first, then what is broken or odd."""
    groups = found.copies.groups
    console.line(f"near-duplicates: {len(groups):,} groups of {sum(map(len, groups)):,} images")
    console.line(found.crossing.answer)
    broken = sum(map(len, found.unreadable.values()))
    if broken:
        console.line(f"{broken:,} images can't be read")
    for note in found.notes:
        console.line(f"note: {note}")
    if (folder / page).is_file():
        console.line(f"pictures: {folder / page}")
    console.line(f"all findings: {folder / 'findings.json'}")
