"""Building the store: every training image decoded, oriented, resized and written, once."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.case import Case
from benchmarks.measure import Candidate, Measurement


def measurements(case: Case) -> list[Measurement]:
    del case
    call = f"{__name__}:build"
    return [
        Measurement(
            "Building the store",
            "All training images from their files (in the page cache) to the memory-mapped array, hashing included.",
            "images/s",
            (
                Candidate("colour where a drawing has it", call, {"channels": "auto"}),
                Candidate("grey", call, {"channels": 1}),
            ),
        )
    ]


def build(case: Case, channels: int | str) -> dict[str, float]:
    from sketchfit.data.store import open_store
    from sketchfit.pipeline.prepare import store_settings

    table = case.table()
    paths = table.train.paths
    for path in paths:
        (table.root / path).read_bytes()
    settings = store_settings(case.recipe({"data": {"channels": channels}}))
    with tempfile.TemporaryDirectory(dir=case.scratch) as cache:
        began = time.perf_counter()
        store = open_store(table.root, paths, settings, Path(cache), threads=case.threads)
        took = time.perf_counter() - began
        del store
    return {"value": len(paths) / took}
