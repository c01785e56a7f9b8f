"""Time of each shipped policy, and of each operation alone, a picture on one core.

    python benchmarks/augmentation.py [--side 146] [--size 128] [--channels 1] [--ops]

The pictures are drawn by the script. Time is the median of repeated passes over them, with the sample's generator
included, as in training.
"""

from __future__ import annotations

import argparse
import statistics
import time

import cv2
import numpy as np

from sketchfit.config.policies import build, list_policies
from sketchfit.config.transforms import TransformsSection
from sketchfit.transforms.augment import Augment, augment_for
from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import Choice
from sketchfit.transforms.rng import sample_rng

PASSES = 7


def drawings(count: int, side: int, channels: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    images = np.full((count, side, side), 255, np.uint8)
    for image in images:
        for _ in range(6):
            points = rng.integers(0, side, (4, 2)).astype(np.int32)
            cv2.polylines(image, [points], bool(rng.integers(2)), 0, int(rng.integers(1, 4)), cv2.LINE_AA)
    return np.repeat(images[..., None], channels, axis=3)


def microseconds(augment: Augment, images: np.ndarray) -> float:
    """Median over passes of the mean time of a picture."""
    paper = np.full(images.shape[3], 255, np.uint8)
    times = []
    for epoch in range(PASSES):
        start = time.perf_counter()
        for row, image in enumerate(images):
            augment(image, paper, sample_rng(0, epoch, row))
        times.append((time.perf_counter() - start) / len(images) * 1e6)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=146, help="side of the stored pictures")
    parser.add_argument("--size", type=int, default=128, help="side of the training pictures")
    parser.add_argument("--channels", type=int, default=1, choices=(1, 3))
    parser.add_argument("--count", type=int, default=200, help="pictures a pass")
    parser.add_argument("--ops", action="store_true", help="also every operation alone, always applied")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    images = drawings(args.count, args.side, args.channels)
    print(f"{args.side} to {args.size} px, {args.channels} channel(s); microseconds a picture, one core")
    for name in list_policies():
        section = TransformsSection(policy=name)
        print(f"  {name:24s} {microseconds(augment_for(section, args.size, 0, 1), images):8.0f}")
    if args.ops:
        print("operations alone")
        for name, cls in operations.items():
            if not issubclass(cls, Choice):
                augment = Augment(build([{"op": name, "p": 1}]), args.size)
                print(f"  {name:24s} {microseconds(augment, images):8.0f}")


if __name__ == "__main__":
    main()
