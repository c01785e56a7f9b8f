"""The audit: what there is to know about a data set before training on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.audit.broken import UNREADABLE, Oddity
from sketchfit.audit.copies import Copies, find_copies
from sketchfit.audit.crossing import Crossing, fold_crossing
from sketchfit.audit.drift import Drift, measure_drift
from sketchfit.audit.measure import Measured, MeasureSettings, open_measured
from sketchfit.audit.traits import traits_frame
from sketchfit.config.audit import AuditSection
from sketchfit.data.table import Table
from sketchfit.duplicates.candidates import invariants

Progress = Callable[[int], None]


@dataclass(frozen=True)
class PixelStatistics:
    """Mean and standard deviation of R, G and B, on the scale 0 … 1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class Backbone:
    """What a backbone expects of its input."""

    name: str
    expects: PixelStatistics


@dataclass(frozen=True)
class Audit:
    """All that was found.

    Attributes:
        table: what was audited.
        class_counts: int64 [C], training images of each class.
        traits: frame of N training and then M test rows, see `traits_frame`.
        oddities: files that can't be read or are not what they seem, training first, in the tables' order.
        unreadable: by split (`train`, `test`), path and why, for files without a usable picture.
        copies: near-duplicates; rows are numbered training first, then test.
        drift: training against test.
        pixels: of the readable training images, each counted alike; None if there are none.
        backbone: what the chosen backbone expects, if one was given.
        crossing: what plain folds would do.
        thumbnails: N + M JPEG files, empty where unreadable.
        notes: what a reader should know first, a sentence each: those of the tables, then the audit's own.
    """

    table: Table
    class_counts: NDArray[np.int64]
    traits: pd.DataFrame
    oddities: tuple[Oddity, ...]
    unreadable: dict[str, dict[str, str]]
    copies: Copies
    drift: Drift
    pixels: PixelStatistics | None
    backbone: Backbone | None
    crossing: Crossing
    thumbnails: tuple[bytes, ...]
    notes: tuple[str, ...]

    @property
    def group(self) -> NDArray[np.int64]:
        """int64 [N], near-duplicate group of each training row: rows that must share a fold."""
        return self.copies.group

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all rows, training first, relative to the data root."""
        return (*self.table.train.paths, *self.table.test.paths)

    def class_of(self, row: int) -> str | None:
        """Class name of a row; None for a test row."""
        return self.table.class_names[int(self.table.label[row])] if row < len(self.table.train) else None


def run_audit(
    table: Table,
    section: AuditSection,
    cache: Path,
    progress: Progress = lambda _: None,
    threads: int | None = None,
    *,
    k: int = 5,
    seed: int = 0,
    max_pixels: int = 100_000_000,
    backbone: Backbone | None = None,
) -> Audit:
    """Audit a data set.

    Args:
        table: checked tables.
        section: settings.
        cache: folder of all caches; a second audit of the same images takes what was measured from there.
        progress: called with the number of images done so far, of `len(table.train) + len(table.test)`.
        threads: all processors if None.
        k, seed: of the folds that are planned.
        max_pixels: an image with more counts as unreadable.
        backbone: whose normalisation is set beside the pixels' mean and standard deviation.

    Raises:
        UserError: the cache folder can't be written.
    """
    paths = (*table.train.paths, *table.test.paths)
    files = [table.root / path for path in paths]
    count, splits = len(table.train), ["train"] * len(table.train) + ["test"] * len(table.test)
    settings = MeasureSettings(section.thumbnail, max_pixels)
    measured, key = open_measured(files, settings, cache, progress, threads)
    copies = find_copies(files, measured, table.label, key, cache, max_pixels)
    frame = traits_frame(measured.values, [*range(count), *range(len(table.test))], splits, paths)
    oddities = tuple(
        Oddity(path, split, kind, text)
        for path, split, kinds in zip(paths, splits, measured.kinds, strict=True)
        for kind, text in kinds
    )
    unreadable = {
        split: {one.path: one.text for one in oddities if one.kind in UNREADABLE and one.split == split}
        for split in ("train", "test")
    }
    usable = np.flatnonzero(measured.readable[:count])
    features = invariants(measured.signatures.spectrum[:count])[usable]
    crossing = fold_crossing(table.label[usable], copies.group[usable], features, k, seed)
    class_counts = np.bincount(table.label, minlength=table.class_count).astype(np.int64)
    drift = measure_drift(frame, _units(copies, len(paths)), seed)
    return Audit(
        table=table,
        class_counts=class_counts,
        traits=frame,
        oddities=oddities,
        unreadable=unreadable,
        copies=copies,
        drift=drift,
        pixels=_pixel_statistics(measured.moments[usable]),
        backbone=backbone,
        crossing=crossing,
        thumbnails=measured.thumbnails,
        notes=(*table.notes, *_notes(table, measured, frame, class_counts, copies, k)),
    )


def _units(copies: Copies, count: int) -> NDArray[np.int64]:
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


def _notes(
    table: Table,
    measured: Measured,
    frame: pd.DataFrame,
    class_counts: NDArray[np.int64],
    copies: Copies,
    k: int,
) -> list[str]:
    """What is unusual about the set as a whole."""
    notes = []
    if not len(table.test):
        notes.append("There is no test set: nothing is said about drift or about copies between training and test.")
    if table.class_count < 2:
        notes.append("There is only one class: nothing can be learned that tells classes apart.")
    few = int((class_counts < k).sum())
    if few:
        notes.append(
            f"{few:,} of {table.class_count:,} classes have fewer than {k} training images: "
            f"some of the {k} folds validate none of theirs."
        )
    count = len(table.train)
    for split, part in (("training", slice(0, count)), ("test", slice(count, None))):
        blank = int((frame["blank"].to_numpy()[part] == 1).sum())
        if blank:
            notes.append(f"{blank:,} {split} images are blank or nearly so.")
        unread = int((~measured.readable[part]).sum())
        if unread:
            notes.append(f"{unread:,} {split} images can't be read.")
    largest = int(np.bincount(copies.group).max()) if len(copies.group) else 0
    if largest > max(2, count / (2 * k)):
        notes.append(
            f"One group of near-duplicates holds {largest:,} of {count:,} training images: folds will be uneven."
        )
    return notes
