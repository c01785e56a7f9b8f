"""Audit a data set: measure its images, find copies, compare training and test images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.activity import activity
from sketchfit.auditing.broken import DAMAGED, UNREADABLE, Kind, Oddity
from sketchfit.auditing.copies import Copies, find_copies
from sketchfit.auditing.crossing import Crossing, fold_crossing
from sketchfit.auditing.drift import Drift, measure_drift
from sketchfit.auditing.measure import open_measured
from sketchfit.auditing.measure_image import MeasureSettings
from sketchfit.auditing.measured import Measured
from sketchfit.auditing.traits import traits_frame
from sketchfit.config.audit import AuditSection
from sketchfit.config.recipe import Recipe
from sketchfit.data.image_pass import Decoding
from sketchfit.data.table import Table
from sketchfit.duplicates.candidates import invariants
from sketchfit.wording import counted


@dataclass(frozen=True)
class PixelStatistics:
    """Mean and standard deviation of R, G and B, on the scale 0 … 1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class Backbone:
    """Normalisation that a backbone expects."""

    name: str
    expects: PixelStatistics


@dataclass(frozen=True)
class AuditSettings:
    """What the result of an audit depends on, apart from the data.

    Attributes:
        section: settings of the recipe.
        k, seed: of the planned folds.
        max_pixels: an image with more pixels counts as unreadable.
        backbone: whose normalisation is compared with the mean and standard deviation of the pixels.
    """

    section: AuditSection = field(default_factory=AuditSection)
    k: int = 5
    seed: int = 0
    max_pixels: int = 100_000_000
    backbone: Backbone | None = None

    @staticmethod
    def of(recipe: Recipe, backbone: Backbone | None = None) -> AuditSettings:
        """Return the settings of a recipe."""
        seed = recipe.seed if recipe.folds.seed is None else recipe.folds.seed
        return AuditSettings(recipe.audit, recipe.folds.k, seed, recipe.data.max_pixels, backbone)

    @property
    def measures(self) -> MeasureSettings:
        """Settings of the measurements."""
        return MeasureSettings(self.section.thumbnail, self.max_pixels, self.section.detail == "all")


@dataclass(frozen=True)
class Audit:
    """Result of an audit.

    Attributes:
        table: the audited tables.
        class_counts: int64 [C], training images per class.
        traits: frame of N training and then M test rows, see `traits_frame`.
        oddities: files that cannot be read or are not what they seem, training first, in the tables' order.
        unreadable: by split (`train`, `test`), path and reason, for files without a usable image.
        damaged: the same for files of which a part is decoded and used.
        copies: near-duplicates; rows are numbered training first, then test.
        drift: training compared with test.
        pixels: of the readable training images, each with equal weight; None if there are none.
        backbone: what the chosen backbone expects, if one was given.
        crossing: effect of plain folds on copies.
        thumbnails: N + M JPEG files, empty where unreadable.
        notes: the most important facts, one sentence each: those of the tables, then those of the audit.
    """

    table: Table
    class_counts: NDArray[np.int64]
    traits: pd.DataFrame
    oddities: tuple[Oddity, ...]
    unreadable: dict[str, dict[str, str]]
    damaged: dict[str, dict[str, str]]
    copies: Copies
    drift: Drift
    pixels: PixelStatistics | None
    backbone: Backbone | None
    crossing: Crossing
    thumbnails: tuple[bytes, ...]
    notes: tuple[str, ...]

    @property
    def group(self) -> NDArray[np.int64]:
        """int64 [N], near-duplicate group per training row: rows that must share a fold."""
        return self.copies.group

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all rows, training first, relative to the data root."""
        return (*self.table.train.paths, *self.table.test.paths)

    def class_of(self, row: int) -> str | None:
        """Return the class name of a row; None for a test row."""
        return self.table.class_names[int(self.table.label[row])] if row < len(self.table.train) else None


@activity("audit")
def run_audit(table: Table, settings: AuditSettings, cache: Path, decoding: Decoding | None = None) -> Audit:
    """Audit a data set.

    Args:
        table: checked tables.
        settings: what the result depends on.
        cache: folder of all caches; a second audit of the same images takes the measurements from there.
        decoding: threads and progress, which counts training and test images.

    Raises:
        UserError: the cache folder cannot be written.
    """
    paths = (*table.train.paths, *table.test.paths)
    files = [table.root / path for path in paths]
    count, splits = len(table.train), ["train"] * len(table.train) + ["test"] * len(table.test)
    measured, key = open_measured(files, settings.measures, cache, decoding)
    copies = find_copies(files, measured, table.label, key, cache, settings.max_pixels)
    frame = traits_frame(measured.values, [*range(count), *range(len(table.test))], splits, paths)
    oddities = _oddities(measured, paths, splits)
    usable = np.flatnonzero(measured.readable[:count])
    thorough = settings.section.detail == "all"
    features = invariants(measured.signatures.spectrum[:count]) if thorough else None
    if features is not None and len(usable) < count:
        features = features[usable]
    crossing = fold_crossing(table.label[usable], copies.group[usable], features, settings.k, settings.seed)
    class_counts = np.bincount(table.label, minlength=table.class_count).astype(np.int64)
    notes = [*_table_notes(table, class_counts, settings.k), *_image_notes(measured, frame, count)]
    return Audit(
        table=table,
        class_counts=class_counts,
        traits=frame,
        oddities=oddities,
        unreadable=_reasons(oddities, UNREADABLE),
        damaged=_reasons(oddities, DAMAGED),
        copies=copies,
        drift=measure_drift(frame, _units(copies, len(paths)), settings.seed),
        pixels=_pixel_statistics(measured.moments[usable]) if thorough else None,
        backbone=settings.backbone,
        crossing=crossing,
        thumbnails=measured.thumbnails,
        notes=(*table.notes, *map(str, table.unused), *notes, *_group_notes(copies, count, settings.k)),
    )


def _oddities(measured: Measured, paths: Sequence[str], splits: Sequence[str]) -> tuple[Oddity, ...]:
    return tuple(
        Oddity(path, split, kind, text)
        for path, split, kinds in zip(paths, splits, measured.kinds, strict=True)
        for kind, text in kinds
    )


def _reasons(oddities: Sequence[Oddity], kinds: Sequence[Kind]) -> dict[str, dict[str, str]]:
    return {
        split: {one.path: one.text for one in oddities if one.kind in kinds and one.split == split}
        for split in ("train", "test")
    }


def _units(copies: Copies, count: int) -> NDArray[np.int64]:
    """Return the group of each of `count` rows: that of its copies, else its own."""
    unit = np.arange(count, dtype=np.int64)
    for rows in copies.groups:
        unit[list(rows)] = rows[0]
    return unit


def _pixel_statistics(moments: NDArray[np.float64]) -> PixelStatistics | None:
    if not len(moments):
        return None
    first, second = moments.mean(axis=0)
    red, green, blue = (float(value) for value in first)
    spread = np.sqrt(np.maximum(second - first**2, 0))
    return PixelStatistics((red, green, blue), (float(spread[0]), float(spread[1]), float(spread[2])))


def _table_notes(table: Table, class_counts: NDArray[np.int64], k: int) -> list[str]:
    notes = []
    if not len(table.test):
        notes.append("There is no test set: drift and copies between training and test are unknown.")
    if table.class_count < 2:
        notes.append("There is only one class: there is nothing to classify.")
    few = int((class_counts < k).sum())
    if few:
        notes.append(
            f"{few:,} of {table.class_count:,} classes have fewer than {k} training images: "
            f"some of the {k} folds validate none of theirs."
        )
    return notes


def _image_notes(measured: Measured, frame: pd.DataFrame, count: int) -> list[str]:
    """Count blank, unreadable and nearly black images of the first `count` rows (training) and of the others (test)."""
    notes = []
    for split, part in (("training", slice(0, count)), ("test", slice(count, None))):
        blank = int((frame["blank"].to_numpy()[part] == 1).sum())
        if blank:
            notes.append(f"{counted(blank, f'{split} image is', f'{split} images are')} blank or nearly so.")
        unread = int((~measured.readable[part]).sum())
        if unread:
            notes.append(f"{counted(unread, f'{split} image')} cannot be read.")
        narrow = sum(kind == "narrow" for kinds in measured.kinds[part] for kind, _ in kinds)
        if narrow:
            notes.append(
                f"{counted(narrow, f'{split} image has', f'{split} images have')} 16 bits and no value above 12 bits: "
                "nearly black. If the files are of 12 bits, multiply their values by 16."
            )
    return notes


def _group_notes(copies: Copies, count: int, k: int) -> list[str]:
    largest = int(np.bincount(copies.group).max()) if len(copies.group) else 0
    if largest <= max(2, count / (2 * k)):
        return []
    return [f"One group of near-duplicates has {largest:,} of {count:,} training images: folds will be uneven."]
