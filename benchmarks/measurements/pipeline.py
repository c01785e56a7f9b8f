"""Input pipelines alone: from files or the store to normalised float batches."""

from __future__ import annotations

import importlib
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.case import MEAN, STD, Case
from benchmarks.levels import LEVELS, POLICIES
from benchmarks.measure import Candidate, Measurement

PEERS = {
    "torchvision v2, PIL": "torchvision_loader",
    "albumentations, OpenCV": "albumentations_loader",
    "timm's loader, PIL": "timm_loader",
}
BY_CHANNEL = ("torchvision v2, PIL", "albumentations, OpenCV")
"""Peers that can read in grey."""
WARM_UP = 2
"""Batches before the clock runs."""


def measurements(case: Case) -> list[Measurement]:
    return [one(case, level, grey) for grey in (True, False) for level in LEVELS]


def one(case: Case, level: str, grey: bool) -> Measurement:
    colour = "grey" if grey else "colour"
    mine, theirs = f"{__name__}:sketchfit", f"{__name__}:peer"
    candidates = [
        Candidate("sketchfit", mine, {"level": level, "grey": grey}),
        Candidate("sketchfit, pictures by processes", mine, {"level": level, "grey": grey, "processes": True}),
        Candidate("sketchfit, first epoch with building the store", mine, {"level": level, "grey": grey, "cold": True}),
        *(Candidate(name, theirs, {"module": file, "level": level, "grey": False}) for name, file in PEERS.items()),
    ]
    if grey:
        candidates += [
            Candidate(f"{name}, read in grey", theirs, {"module": PEERS[name], "level": level, "grey": True})
            for name in BY_CHANNEL
        ]
    return Measurement(
        f"Input pipeline, {colour} store, augmentation: {level}",
        f"{case.loaded:,} images, float batches of {case.batch} × 3 × {case.size} × {case.size}, files in the page "
        f"cache; {case.threads} threads, or {case.threads} worker processes.",
        "images/s",
        tuple(candidates),
        subject="sketchfit",
        form="{:.0f}",
    )


def sketchfit(case: Case, level: str, grey: bool, cold: bool = False, processes: bool = False) -> dict[str, float]:
    """From the store; `processes`: as many as threads make the pictures in their place."""
    import torch

    from sketchfit.config.transforms import TransformsSection
    from sketchfit.data.batches import epoch_order, load_batches, split_batches
    from sketchfit.data.image_pass import Decoding
    from sketchfit.data.picture_processes import picture_processes
    from sketchfit.data.picture_source import PictureSource
    from sketchfit.data.store import Store, open_store
    from sketchfit.data.stores import store_settings
    from sketchfit.models.network import Normalisation, to_input
    from sketchfit.transforms.augment import augment_for
    from sketchfit.transforms.rng import EpochRandomness

    paths, root = files(case)
    settings = store_settings(case.recipe({"data": {"channels": 1 if grey else 3}}))
    augment = augment_for(TransformsSection(policy=POLICIES[level]), case.size, 0, 1)
    normalisation = Normalisation(MEAN, STD)

    def epoch(store: Store) -> Iterable[Any]:
        batches = split_batches(epoch_order(np.arange(len(paths)), 0, 0), case.batch)
        if processes:
            shape = (case.size, case.size, store.images.shape[-1])
            source = PictureSource(store.folder, shape, augment, EpochRandomness(0, 0))
            made = picture_processes(case.threads).batches(source, batches)
        else:
            made = load_batches(store, batches, augment, EpochRandomness(0, 0), case.threads)
        for batch in made:
            yield to_input(torch.from_numpy(batch.images), normalisation, torch.device("cpu"), True)

    with tempfile.TemporaryDirectory(dir=case.scratch) as cache:
        began = time.perf_counter()
        store = open_store(root, paths, settings, Path(cache), Decoding(case.threads))
        return through(case, partial(epoch, store), began if cold else None)


def peer(case: Case, module: str, level: str, grey: bool) -> dict[str, float]:
    """A peer's file has `loader(case, paths, level, grey)`: a function that starts an epoch."""
    paths, root = files(case)
    made = importlib.import_module(f"benchmarks.peers.{module}")
    return through(case, made.loader(case, [root / path for path in paths], level, grey))


def files(case: Case) -> tuple[list[str], Path]:
    """The training images of this case, each read once, so that all find them in the page cache."""
    table = case.table()
    paths = [table.train.paths[row] for row in case.rows(table, case.loaded)]
    for path in set(paths):
        (table.root / path).read_bytes()
    return paths, table.root


def through(case: Case, epoch: Callable[[], Iterable[Any]], began: float | None = None) -> dict[str, float]:
    """Images per second of an epoch, from the start of its loader, or from `began`, to its last batch."""
    if began is None:
        for _ in islice(epoch(), WARM_UP):
            pass
        began = time.perf_counter()
    seen = 0
    for images in epoch():
        assert images.shape == (case.batch, 3, case.size, case.size), images.shape
        assert images.is_floating_point()
        seen += len(images)
    return {"value": seen / (time.perf_counter() - began)}
