"""Amount of work above which converting a network for the CPU pays. One line per network and backend.

    python benchmarks/conversion_worth.py mobilenetv2_100:128 resnet18:128 vit_small_patch16_224:224

Random weights, grey pictures; torch in fp32 and channels_last, with freed memory kept, as a run on a CPU has it.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import torch

from sketchfit.allocator import keep_freed_memory
from sketchfit.config.load import load_recipe
from sketchfit.models.backbone import build_network
from sketchfit.models.backend import Backend
from sketchfit.models.backends.eager import eager
from sketchfit.models.build_backend import build_backend
from sketchfit.models.choose_backend import automatic_backends, forward_flops
from sketchfit.models.compute import Compute

BATCH, ROUNDS = 32, 5


def seconds_an_image(backend: Backend, pictures: np.ndarray) -> float:
    """The fastest of several batches."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        backend(pictures)
        found.append((time.perf_counter() - began) / len(pictures))
    return min(found)


def main() -> None:
    keep_freed_memory()
    compute = Compute(torch.device("cpu"))
    for text in sys.argv[1:] or ["mobilenetv2_100:128"]:
        name, _, side = text.partition(":")
        size = int(side or 128)
        recipe = load_recipe({"model": {"backbone": name, "pretrained": False, "input_size": size}})
        network = build_network(recipe.model, 100)
        network.model.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        flops = forward_flops(network, size, compute.device)
        pictures = np.random.default_rng(0).integers(0, 256, (BATCH, size, size, 1)).astype(np.uint8)
        with torch.inference_mode():
            plain = seconds_an_image(eager(network, compute), pictures)
            for backend in automatic_backends():
                built = build_backend(backend, network, compute, print)
                began = time.perf_counter()
                built(pictures)
                conversion = time.perf_counter() - began
                converted = seconds_an_image(built, pictures)
                even = conversion / (plain - converted) if converted < plain else float("inf")
                print(
                    f"{name} {size} px, {flops / 1e9:.2f} GFLOP: eager {1 / plain:.0f} images/s, {backend} "
                    f"{1 / converted:.0f}, conversion {conversion:.1f} s, pays from {even:.0f} images "
                    f"= {even * flops:.1g} FLOP"
                )


if __name__ == "__main__":
    main()
