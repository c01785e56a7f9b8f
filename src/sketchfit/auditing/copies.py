"""Near-duplicates of the training and test images: their relation, and which rows must share a fold."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sketchfit import duplicates
from sketchfit.auditing.earlier import read_cache, source_digest
from sketchfit.auditing.measure_image import load_image
from sketchfit.auditing.measured import Measured
from sketchfit.data import paper
from sketchfit.duplicates import NearDuplicates, find_near_duplicates, is_turned
from sketchfit.runs.arrays import read_npz, write_npz

Relation = Literal["cross_label", "train_test", "same_label", "test_test"]
RELATIONS: tuple[Relation, ...] = ("cross_label", "train_test", "same_label", "test_test")
"""Relations of a pair or group of copies, the most serious first: two labels for one drawing; a test image among the
training images; copies that must share a fold; copies among the test images."""

_KEPT_IMAGES = 256


@dataclass(frozen=True)
class Copies:
    """Near-duplicates among the N training rows (numbers 0 … N-1) and M test rows (N … N+M-1).

    Attributes:
        pairs: int64 [P, 2], first < second, the most serious relation first, then by row.
        score: float32 [P], similarity of the lines, 0 … 1.
        kind: P descriptions of how the second comes from the first.
        relation: P relations.
        groups: connected rows, two or more each, sorted; the most serious relation first, then by row.
        group_relation: relation of each group: the most serious of any two of its rows.
        group: int64 [N], group number of each training row, 0 … in order of first appearance; rows that are joined
            through a test image share a group, too; a row without copies is its own group.
    """

    pairs: NDArray[np.int64]
    score: NDArray[np.float32]
    kind: tuple[str, ...]
    relation: tuple[Relation, ...]
    groups: tuple[tuple[int, ...], ...]
    group_relation: tuple[Relation, ...]
    group: NDArray[np.int64]


def find_copies(
    files: Sequence[Path], measured: Measured, label: NDArray[np.int64], key: str, cache: Path, max_pixels: int
) -> Copies:
    """Find the near-duplicates, or read earlier results.

    Args:
        files: N + M image files, training rows first.
        measured: of these files.
        label: int64 [N], class of each training row.
        key: of the measurements.
        cache: folder of all caches.
        max_pixels: as the images were decoded with.
    """
    path = cache / f"copies-{key}-{_version()[:8]}.npz"
    cached = read_cache(path, _load)
    if cached is None:
        found = near_duplicates(files, measured, max_pixels)
        cached = found.pairs, found.score, found.kind
        write_npz(path, {"pairs": found.pairs, "score": found.score, "kind": np.array(found.kind, dtype=np.str_)})
    return sort_copies(*cached, label, len(files))


def _load(path: Path) -> tuple[NDArray[np.int64], NDArray[np.float32], tuple[str, ...]]:
    stored = read_npz(path)
    return stored["pairs"], stored["score"], tuple(str(text) for text in stored["kind"])


def near_duplicates(files: Sequence[Path], measured: Measured, max_pixels: int) -> NearDuplicates:
    """Find pairs and groups among measured files; images are decoded again only if their lines are not enough."""

    @lru_cache(_KEPT_IMAGES)
    def image(row: int) -> NDArray[np.uint8]:
        return load_image(files[row], max_pixels)

    return find_near_duplicates(measured.signatures, image, measured.pixels.tolist())


def sort_copies(
    pairs: NDArray[np.int64], score: NDArray[np.float32], kind: Sequence[str], label: NDArray[np.int64], count: int
) -> Copies:
    """Assign relations to pairs, sort by relation, and number the groups.

    Args:
        pairs: int64 [P, 2], rows of near-duplicates.
        score, kind: of the pairs.
        label: int64 [N], class of the training rows, which are the first rows.
        count: N + M, number of all rows.
    """
    meaning = [_relation((int(first), int(second)), label) for first, second in pairs]
    order = sorted(range(len(pairs)), key=lambda p: (RELATIONS.index(meaning[p]), *pairs[p].tolist()))
    groups = [(RELATIONS.index(_relation(rows, label)), rows) for rows in duplicates.groups.connected(pairs, count)]
    groups.sort()
    return Copies(
        pairs=pairs[order].reshape(-1, 2),
        score=score[order],
        kind=tuple(kind[p] for p in order),
        relation=tuple(meaning[p] for p in order),
        groups=tuple(rows for _, rows in groups),
        group_relation=tuple(RELATIONS[gravity] for gravity, _ in groups),
        group=_group_numbers([rows for _, rows in groups], len(label)),
    )


def unturned_families(pairs: NDArray[np.int64], kinds: Sequence[str], count: int) -> NDArray[np.int64]:
    """Number the families of near-duplicates that are connected without a flip or a turn: int64 [count].

    Args:
        pairs: int64 [P, 2], rows of near-duplicates.
        kinds: P texts, of the pairs.
        count: number of rows.
    """
    straight = np.array([not is_turned(kind) for kind in kinds], dtype=np.bool_)
    groups = duplicates.groups.connected(pairs[straight], count)
    return _group_numbers(groups, count)


def _relation(rows: Sequence[int], label: NDArray[np.int64]) -> Relation:
    train = [row for row in rows if row < len(label)]
    if len({int(label[row]) for row in train}) > 1:
        return "cross_label"
    if not train:
        return "test_test"
    return "same_label" if len(train) == len(rows) else "train_test"


def _group_numbers(groups: Sequence[Sequence[int]], train_rows: int) -> NDArray[np.int64]:
    first = np.arange(train_rows, dtype=np.int64)
    for rows in groups:
        members = [row for row in rows if row < train_rows]
        first[members] = min(members, default=0)
    return np.unique(first, return_inverse=True)[1].astype(np.int64)


def _version() -> str:
    names = [module.name for module in pkgutil.iter_modules(duplicates.__path__, f"{duplicates.__name__}.")]
    return source_digest(paper, *(import_module(name) for name in sorted(names)))
