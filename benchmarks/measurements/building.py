"""Building the store: every training image decoded, oriented, resized and written, once."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

from benchmarks.case import Case
from benchmarks.measure import Candidate, Column, Measurement


def measurements(case: Case) -> list[Measurement]:
    call, copies = f"{__name__}:build", f"{__name__}:build_copies"
    return [
        Measurement(
            "Building the store",
            "All training images from their files (in the page cache) to the memory-mapped array, hashing included.",
            "images/s",
            (
                Candidate("colour where a drawing has it", call, {"channels": "auto"}),
                Candidate("grey", call, {"channels": 1}),
            ),
        ),
        Measurement(
            "Building the store as the number of images grows",
            "The same with copies of the training images, in files of their own.",
            "images/s",
            tuple(Candidate(f"{count:,} images", copies, {"count": count}) for count in case.counts),
            columns=(Column("seconds", "seconds"),),
        ),
    ]


def build(case: Case, channels: int | str) -> dict[str, float]:
    table = case.table()
    return timed(case, table.root, table.train.paths, channels)


def build_copies(case: Case, count: int) -> dict[str, float]:
    table = case.table()
    with tempfile.TemporaryDirectory(dir=case.scratch) as folder:
        names = [
            f"{number}{Path(path).suffix}" for number, path in zip(range(count), cycle(table.train.paths), strict=False)
        ]
        for name, path in zip(names, cycle(table.train.paths), strict=False):
            shutil.copyfile(table.root / path, Path(folder) / name)
        return timed(case, Path(folder), names, "auto")


def timed(case: Case, root: Path, paths: Sequence[str], channels: int | str) -> dict[str, float]:
    from sketchfit.data.image_pass import Decoding
    from sketchfit.data.store import open_store
    from sketchfit.data.stores import store_settings

    for path in paths:
        (root / path).read_bytes()
    settings = store_settings(case.recipe({"data": {"channels": channels}}))
    with tempfile.TemporaryDirectory(dir=case.scratch) as cache:
        began = time.perf_counter()
        store = open_store(root, paths, settings, Path(cache), Decoding(case.threads))
        took = time.perf_counter() - began
        del store
    return {"value": len(paths) / took, "seconds": took}
