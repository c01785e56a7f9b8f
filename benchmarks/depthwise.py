"""What gradients of depthwise kernels and products in fp32 cost on a CPU. Tables of docs/speed.md.

    OMP_NUM_THREADS=1 python -m benchmarks.depthwise [--backbones tf_efficientnet_lite0 tf_efficientnet_lite1]

First, one convolution of 672 channels and 8 x 8 pixels, 32 images, by the size of its kernel: the forward pass, the
gradient of its input, and that of its kernel. Then training steps as a run with a deadline makes them (128 pixels,
batches of 32, stored output of the first stages): as usual, with `model.freeze.depthwise=frozen`, and also with
`compute.products=bf16`, in turn; ratios to the first are of the same round.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.machine import describe
from sketchfit.allocator import keep_freed_memory
from sketchfit.config.load import load_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.training.step_rates import measure_steps

CHANNELS, SIDE, BATCH, CLASSES = 672, 8, 32, 345


def fastest(run: Callable[[], object], times: int = 10) -> float:
    """Return the milliseconds of the fastest of several calls."""
    run()
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return 1000 * min(seconds)


def gradients(images: Tensor, kernel: Tensor, which: Sequence[bool]) -> object:
    """Compute gradients of a depthwise convolution: of its input, of its kernel."""
    pad = kernel.shape[-1] // 2
    return torch.ops.aten.convolution_backward(
        images, images, kernel, None, [1, 1], [pad, pad], [1, 1], False, [0, 0], CHANNELS, [*which, False]
    )


def print_kernels() -> None:
    """Print the times of one convolution by the size of its kernel."""
    print(
        "| kernel | forward, ms | gradient of the input, ms | gradient of the kernel, ms |\n| --- | --- | --- | --- |"
    )
    images = torch.randn(BATCH, CHANNELS, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
    for size in (3, 5, 7):
        kernel = torch.randn(CHANNELS, 1, size, size)
        times = (
            fastest(partial(F.conv2d, images, kernel, padding=size // 2, groups=CHANNELS)),
            fastest(partial(gradients, images, kernel, (True, False))),
            fastest(partial(gradients, images, kernel, (False, True))),
        )
        print(f"| {size} × {size} | {' | '.join(f'{one:.2f}' for one in times)} |", flush=True)


def recipe_of(backbone: str, depthwise: str, products: str) -> Recipe:
    """Return the recipe of a member of a run with a deadline, without weights."""
    freeze = {"train": "from", "first": 5, "copies": 2, "depthwise": depthwise}
    settings = {
        "model": {"backbone": backbone, "pretrained": False, "input_size": 128, "freeze": freeze},
        "training": {"probe": False},
        "compute": {"device": "cpu", "threads": 1, "products": products},
    }
    return load_recipe("cpu", settings)


def print_steps(backbones: Sequence[str], rounds: int) -> None:
    """Print training steps with and without the gradient of large depthwise kernels, and with products in bf16."""
    kinds = (("follow", "fp32"), ("frozen", "fp32"), ("frozen", "bf16"))
    print("\n| backbone | images/s | kernels frozen: ratio | and products in bf16: ratio |\n| --- | --- | --- | --- |")
    for backbone in backbones:
        found = [
            [1 / measure_steps(recipe_of(backbone, *one), CLASSES, torch.device("cpu")).training for one in kinds]
            for _ in range(rounds)
        ]
        first = f"{median(one[0] for one in found):.0f}"
        ratios = [[one[place] / one[0] for one in found] for place in (1, 2)]
        texts = [f"{median(one):.2f} ({min(one):.2f}–{max(one):.2f})" for one in ratios]
        print(f"| {backbone} | {first} | {' | '.join(texts)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--backbones",
        nargs="+",
        default=["mobilenetv2_100", "tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2"],
    )
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    keep_freed_memory()
    print(f"{describe()}; {torch.get_num_threads()} threads\n", flush=True)
    print_kernels()
    print_steps(given.backbones, given.rounds)


if __name__ == "__main__":
    main()
