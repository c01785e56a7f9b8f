"""Leakage check of external training data: does it contain images of the test or training set?

Public collections often contain the images of a competition. A model that is trained on copies of test images has their
labels, and one that is validated on copies of its training images looks better than it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from sketchfit.auditing.audit import AuditSettings
from sketchfit.auditing.copies import near_duplicates
from sketchfit.auditing.measure import open_measured
from sketchfit.auditing.measured import Measured
from sketchfit.data.image_pass import Decoding
from sketchfit.data.image_sources import read_images
from sketchfit.data.table import Table
from sketchfit.duplicates import NearDuplicates, Signatures
from sketchfit.errors import UserError

NAMED = 10
"""Number of overlapping images that a message names."""


@dataclass(frozen=True)
class Overlap:
    """An external image that is also in the user's tables.

    Attributes:
        external: file, as a path that can be opened.
        path: the image of the user's tables, relative to the data root.
        split: `test` or `train`.
        kind: how one comes from the other.
    """

    external: Path
    path: str
    split: str
    kind: str


@dataclass(frozen=True)
class ExternalCheck:
    """Result of `check_external`.

    Attributes:
        images: number of external images that were compared.
        unreadable: reason by file, for those that were not compared.
        overlaps: all that were found, test images first.
        notes: what must be printed clearly, one sentence each.
    """

    images: int
    unreadable: dict[Path, str]
    overlaps: tuple[Overlap, ...]
    notes: tuple[str, ...]


def check_external(
    table: Table, external: Sequence[Path], settings: AuditSettings, cache: Path, decoding: Decoding | None = None
) -> ExternalCheck:
    """Compare external images with the test and the training images, including near-duplicates.

    Args:
        table: the user's tables.
        external: tables, folders of images or image files; their labels are ignored.
        settings: `section.allow_overlap` decides whether an overlap is an error.
        cache: folder of all caches.
        decoding: threads and progress, which counts external images first, then those of the tables.

    Raises:
        UserError: an overlap that is not allowed; what `read_images` raises.
    """
    named = read_images(external)
    outside = [named.root / path for path in named.split.paths]
    own = [table.root / path for path in (*table.train.paths, *table.test.paths)]
    decoding = decoding or Decoding()
    theirs, _ = open_measured(outside, settings.measures, cache, decoding)
    after = replace(decoding, progress=lambda done: decoding.progress(len(outside) + done))
    ours, _ = open_measured(own, settings.measures, cache, after)
    found = near_duplicates([*outside, *own], joined(theirs, ours), settings.max_pixels)
    overlaps = _overlaps(table, outside, found)
    unreadable = {file: reason for file, reason in zip(outside, theirs.reason, strict=True) if reason}
    count = len(outside) - len(unreadable)
    if overlaps and not settings.section.allow_overlap:
        raise UserError(
            [_summary(overlaps, count), *(_line(overlap) for overlap in overlaps[:NAMED])],
            "Remove these images from the external data. To train on them nevertheless, set audit.allow_overlap=true: "
            "accuracy on the test set then measures memory, and must not be reported as an honest figure.",
        )
    notes = (f"WARNING: {_summary(overlaps, count)} Training on them was allowed: no figure of this run is honest.",)
    return ExternalCheck(count, unreadable, overlaps, notes if overlaps else ())


def joined(first: Measured, second: Measured) -> Measured:
    """Return the measurements of the files of both, one after the other."""
    signatures = {
        field.name: np.concatenate([getattr(first.signatures, field.name), getattr(second.signatures, field.name)])
        for field in fields(Signatures)
    }
    return Measured(
        content=np.concatenate([first.content, second.content]),
        pixels=np.concatenate([first.pixels, second.pixels]),
        reason=first.reason + second.reason,
        kinds=first.kinds + second.kinds,
        values=np.concatenate([first.values, second.values]),
        moments=np.concatenate([first.moments, second.moments]),
        signatures=Signatures(**signatures),
        thumbnails=first.thumbnails + second.thumbnails,
    )


def _overlaps(table: Table, outside: Sequence[Path], copies: NearDuplicates) -> tuple[Overlap, ...]:
    """Return external images whose group contains an image of the tables; a test image if there is one."""
    first_test = len(outside) + len(table.train)
    paths = (*table.train.paths, *table.test.paths)
    kind = {(int(a), int(b)): text for (a, b), text in zip(copies.pairs.tolist(), copies.kind, strict=True)}
    found = []
    for rows in copies.groups:
        own = sorted((row for row in rows if row >= len(outside)), key=lambda row: row < first_test)
        for row in (row for row in rows if row < len(outside)) if own else ():
            direct = [other for other in own if (row, other) in kind]
            same_split = [other for other in direct if (other < first_test) == (own[0] < first_test)]
            other = (same_split or own)[0]
            words = kind.get((row, other), "through another copy")
            where = "train" if other < first_test else "test"
            found.append(Overlap(outside[row], paths[other - len(outside)], where, words))
    return tuple(sorted(found, key=lambda overlap: (overlap.split, str(overlap.external))))


def _summary(overlaps: Sequence[Overlap], count: int) -> str:
    by_split = [
        f"{number:,} of the {name} set"
        for split, name in (("test", "test"), ("train", "training"))
        if (number := sum(overlap.split == split for overlap in overlaps))
    ]
    return f"{len(overlaps):,} of {count:,} external images are copies of images in the tables: {', '.join(by_split)}."


def _line(overlap: Overlap) -> str:
    return f"{overlap.external} is {overlap.path} ({overlap.kind})"
