"""Recall and precision of near-duplicate finding, per kind of copy, on copies made of real drawings.

    python -m benchmarks.duplicates_quality DATA [--originals 1500] [--copies 300] [--seed 0]

DATA holds images somewhere below it. Drawings are sampled from it; of each kind, copies are made of some of
them, and all are put together in one set. True pairs are an original and its copy, and two copies of one original. The
data may hold copies of its own: originals that are joined without any planted copy count as one drawing (look at them
with --list), so that precision is about pairs of drawings that nothing but chance has brought together.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from benchmarks.duplicates_copies import KINDS, Image, make
from sketchfit.duplicates import find


def load(path: Path) -> Image:
    """[H, W] or [H, W, 3] RGB."""
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None, path
    return np.ascontiguousarray(image if image.ndim == 2 else image[:, :, 2::-1], np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--originals", type=int, default=1500)
    parser.add_argument("--copies", type=int, default=300, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="name the originals that are copies of each other")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(options.seed)
    files = sorted(path for path in options.data.rglob("*") if path.suffix.lower() in {".jpeg", ".jpg", ".png"})
    chosen = [files[k] for k in rng.choice(len(files), min(options.originals, len(files)), replace=False)]
    images = [load(path) for path in chosen]
    source, kind = list(range(len(images))), ["original"] * len(images)
    own = np.arange(len(images))
    for group in find(images).groups:
        own[list(group)] = group[0]
        if options.list:
            print("already there:", *(chosen[row].relative_to(options.data) for row in group))
    for name in KINDS:
        for row in rng.choice(len(chosen), options.copies, replace=False):
            images.append(make(name, images[row], rng))
            source.append(int(row))
            kind.append(name)
    start = time.perf_counter()
    found = find(images)
    seconds = time.perf_counter() - start
    true = own[np.array(source)]
    right = true[found.pairs[:, 0]] == true[found.pairs[:, 1]]
    listed = set(map(tuple, found.pairs.tolist()))
    print(f"{len(images)} images, {len(found.pairs)} pairs found in {seconds:.1f} s\n")
    print(
        "| kind of copy | pairs | recall | pairs found with such a copy | precision |\n| --- | --- | --- | --- | --- |"
    )
    kinds = np.array(kind)
    for name in KINDS:
        rows = np.flatnonzero(kinds == name)
        hits = sum((source[row], row) in listed for row in rows)
        member = np.isin(found.pairs, rows).any(axis=1)
        share = right[member].mean() if member.any() else 1.0
        print(f"| {name} | {len(rows)} | {hits / len(rows):.3f} | {int(member.sum())} | {share:.4f} |")
    together = sum(int(n) * (int(n) - 1) // 2 for n in np.bincount(true))
    print(f"| **all pairs** | {together} | {right.sum() / together:.3f} | {len(right)} | {right.mean():.4f} |")
    wrong = found.pairs[~right]
    for a, b in wrong[:20].tolist():
        print(
            f"wrong: {chosen[source[a]].relative_to(options.data)} ({kind[a]}) with "
            f"{chosen[source[b]].relative_to(options.data)} ({kind[b]})"
        )


if __name__ == "__main__":
    main()
