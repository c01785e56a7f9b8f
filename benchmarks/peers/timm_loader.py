"""timm's loader as its `train.py` and `validate.py` set it up: Pillow in worker processes, prefetching."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.case import MEAN, STD, Case
from benchmarks.peers.pillow import Pictures
from sketchfit._timm import timm

AUGMENTATION: dict[str, dict[str, Any]] = {
    "none": {"no_aug": True},
    "flips, affine, tone": {"scale": (0.7, 1.0), "vflip": 0.5, "color_jitter": (0.1, 0.2, 0.0)},
    "strong": {"scale": (0.5, 1.0), "auto_augment": "rand-m9-mstd0.5", "re_prob": 0.3},
    "default": {"scale": (0.5, 1.0)},
    "randaugment": {"scale": (0.5, 1.0), "auto_augment": "rand-m7-mstd0.5"},
}
"""By level; timm has no affine transform of its own, but crops and scales. `default`: train.py's flip and colour
jitter, with crops that leave a drawing recognisable; `randaugment`: with RandAugment in place of the jitter."""


def training_loader(
    case: Case,
    paths: Sequence[Path],
    labels: Sequence[int],
    level: str,
    mean: Sequence[float] = MEAN,
    std: Sequence[float] = STD,
) -> Any:
    """(normalised float images [B, 3, size, size], labels) of an epoch of full batches."""
    return timm.data.create_loader(
        Pictures(paths, labels),
        input_size=(3, case.size, case.size),
        batch_size=case.batch,
        is_training=True,
        mean=tuple(mean),
        std=tuple(std),
        num_workers=case.threads,
        device=torch.device(case.device),
        persistent_workers=True,
        **AUGMENTATION[level],
    )


def plain_loader(case: Case, paths: Sequence[Path], mean: Sequence[float], std: Sequence[float], batch: int) -> Any:
    """(normalised float images, labels) without augmentation, in order, the entire picture."""
    return timm.data.create_loader(
        Pictures(paths, [0] * len(paths)),
        input_size=(3, case.size, case.size),
        batch_size=batch,
        is_training=False,
        mean=tuple(mean),
        std=tuple(std),
        crop_pct=1.0,
        crop_mode="squash",
        num_workers=case.threads,
        device=torch.device("cpu"),
        persistent_workers=True,
    )


def loader(case: Case, paths: Sequence[Path], level: str, grey: bool) -> Callable[[], Iterable[Any]]:
    """Batches of an epoch, for the input pipelines' table; timm always reads in colour."""
    del grey
    batches = training_loader(case, paths, [0] * len(paths), level)
    return lambda: (images for images, _ in batches)
