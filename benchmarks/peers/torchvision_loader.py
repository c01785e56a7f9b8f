"""torchvision: v2 transforms on PIL images, its `ImageFolder`'s way of reading, torch's `DataLoader`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from benchmarks.case import MEAN, STD, Case
from benchmarks.peers.pillow import Pictures
from sketchfit._timm import torchvision


def loader(case: Case, paths: Sequence[Path], level: str, grey: bool) -> Callable[[], Iterable[Any]]:
    """Normalised float batches [B, 3, size, size] of an epoch; with `grey`, one channel until the end."""
    pictures = Pictures(paths, [0] * len(paths), transform(case.size, level, grey), "L" if grey else "RGB")
    batches = DataLoader(
        pictures, case.batch, shuffle=True, drop_last=True, num_workers=case.threads, persistent_workers=True
    )
    return lambda: (images.expand(-1, 3, -1, -1) for images, _ in batches)


def transform(size: int, level: str, grey: bool) -> Callable[[Any], torch.Tensor]:
    import importlib

    v2 = importlib.import_module("torchvision.transforms.v2")
    assert torchvision.__version__
    white = 255
    resize = v2.Resize((size, size), antialias=True)
    steps = {
        "none": [resize],
        "flips, affine, tone": [
            resize,
            v2.RandomHorizontalFlip(),
            v2.RandomVerticalFlip(),
            v2.RandomAffine(10, (0.08, 0.08), (0.8, 1.2), 6, v2.InterpolationMode.BILINEAR, fill=white),
            v2.ColorJitter(brightness=0.1, contrast=0.2),
        ],
        "strong": [
            v2.RandomResizedCrop((size, size), (0.5, 1.0), (0.8, 1.25), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.RandomAffine(15, shear=9, interpolation=v2.InterpolationMode.BILINEAR, fill=white),
            v2.RandomPerspective(0.2, 0.3, fill=white),
            v2.RandomApply([v2.ElasticTransform(50.0, fill=white)], 0.3),
            v2.ColorJitter(brightness=0.15, contrast=0.3),
            v2.RandomApply([v2.GaussianBlur(3, (0.3, 0.8))], 0.2),
        ],
    }[level]
    channels = 1 if grey else 3
    finish = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    if level == "strong":
        finish.append(v2.RandomApply([v2.GaussianNoise(0.0, 0.03)], 0.2))
    finish.append(v2.Normalize(MEAN[:channels], STD[:channels]))
    if level == "strong":
        finish.append(v2.RandomErasing(0.3, (0.02, 0.2), value=1.0))
    composed: Callable[[Any], torch.Tensor] = v2.Compose([*steps, *finish])
    return composed
