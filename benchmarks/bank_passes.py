"""Speed of a pass of a frozen backbone over a store, compared with its forward passes alone. One line per backend.

    python benchmarks/bank_passes.py mobilenetv2_100:128 tf_efficientnet_lite0:160

Random weights and pictures. A pass reads and resizes the pictures in threads, computes, and writes the features to the
cache; its forward passes alone compute one batch again and again. The best of several rounds in turn, conversion left
out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from sketchfit.allocator import keep_freed_memory
from sketchfit.bank.cache import open_stored
from sketchfit.bank.extractor import Extractor
from sketchfit.config.load import load_recipe
from sketchfit.data.resize import to_square
from sketchfit.data.store import Store
from sketchfit.models.choose_backend import automatic_backends

ROUNDS = 3


def make_store(count: int, size: int) -> Store:
    """Return random pictures, somewhat larger than the network's input, as a run stores them."""
    rng = np.random.default_rng(0)
    few = [
        to_square(rng.integers(0, 256, (64, 64, 3)).astype(np.uint8), size * 9 // 8, "stretch")[0] for _ in range(64)
    ]
    images = np.stack(few)[np.arange(count) % 64]
    return Store(images, np.full((count, 3), 255, np.uint8), ("",) * count, ("",) * count, Path("store"), False)


def seconds_of_pass(extractor: Extractor, store: Store) -> float:
    """Return the time of a pass into an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        open_stored(Path(folder), "key", len(store.errors), lambda make: extractor.extract(store, lambda _: None, make))
        return time.perf_counter() - began


def measure(extractor: Extractor, store: Store) -> tuple[float, float]:
    """Return images per second of a pass, and of its forward passes alone."""
    count, batch = len(store.errors), store.images[: extractor.batch_size, : extractor.size, : extractor.size]
    batch, forward = np.ascontiguousarray(batch), extractor.forward(count)
    alone, entire = [], []
    forward(batch)
    for _ in range(ROUNDS):
        with patch.object(Extractor, "forward", lambda *_: forward):  # converted once
            entire.append(seconds_of_pass(extractor, store))
        began = time.perf_counter()
        for _ in range(count // len(batch)):
            forward(batch)
        alone.append(time.perf_counter() - began)
    return count / min(entire), count // len(batch) * len(batch) / min(alone)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=["mobilenetv2_100:128"])
    parser.add_argument("--images", type=int, default=2048)
    given = parser.parse_args()
    keep_freed_memory()
    for text in given.networks:
        name, _, side = text.partition(":")
        size = int(side or 128)
        recipe = load_recipe({"model": {"backbone": name, "pretrained": False, "input_size": size}})
        plain, store = Extractor.of(recipe, torch.device("cpu")), make_store(given.images, size)
        for backend in ("eager", *automatic_backends()):
            entire, alone = measure(replace(plain, backend=backend), store)
            print(
                f"{name} {size} px, {backend}: pass {entire:.0f} images/s, forward passes alone {alone:.0f}, "
                f"ratio {entire / alone:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
