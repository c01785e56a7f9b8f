"""albumentations on OpenCV images and torch's `DataLoader`, as most teams of such competitions have it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
from torch.utils.data import DataLoader, Dataset

from benchmarks.case import MEAN, STD, Case
from benchmarks.measure import NotHere

try:
    import albumentations as A
except ImportError as error:
    A, MISSING = None, str(error)


class Pictures(Dataset[tuple[Any, int]]):
    """Decoded again each time by OpenCV."""

    def __init__(self, paths: Sequence[Path], transform: Any, grey: bool) -> None:
        self.paths, self.transform, self.grey = list(map(str, paths)), transform, grey

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        if self.grey:
            image: Any = cv2.imread(self.paths[index], cv2.IMREAD_GRAYSCALE)
            image = image[:, :, None]
        else:
            image = cv2.imread(self.paths[index], cv2.IMREAD_COLOR)
            image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return self.transform(image=image)["image"], 0


def one_thread(worker: int) -> None:
    """Worker processes are the parallel part."""
    del worker
    cv2.setNumThreads(1)


def loader(case: Case, paths: Sequence[Path], level: str, grey: bool) -> Callable[[], Iterable[Any]]:
    """Normalised float batches [B, 3, size, size] of an epoch; with `grey`, one channel until the end."""
    if A is None:
        raise NotHere(f"not installed ({MISSING})")
    channels = 1 if grey else 3
    pictures = Pictures(
        paths, A.Compose([*steps(case.size, level), A.Normalize(MEAN[:channels], STD[:channels]), A.ToTensorV2()]), grey
    )
    batches = DataLoader(
        pictures,
        case.batch,
        shuffle=True,
        drop_last=True,
        num_workers=case.threads,
        worker_init_fn=one_thread,
        persistent_workers=True,
    )
    return lambda: (images.expand(-1, 3, -1, -1) for images, _ in batches)


def steps(size: int, level: str) -> list[Any]:
    white = 255
    return {
        "none": lambda: [A.Resize(size, size)],
        "flips, affine, tone": lambda: [
            A.Resize(size, size),
            A.HorizontalFlip(p=0.5),
            A.VerticalFlip(p=0.5),
            A.Affine(
                scale=(0.8, 1.2),
                translate_percent=(-0.08, 0.08),
                rotate=(-10, 10),
                shear={"x": (-6, 6)},
                fill=white,
                p=1,
            ),
            A.RandomBrightnessContrast(0.1, 0.2, p=1),
        ],
        "strong": lambda: [
            A.RandomResizedCrop((size, size), (0.5, 1.0), (0.8, 1.25)),
            A.HorizontalFlip(p=0.5),
            A.Affine(rotate=(-15, 15), shear={"x": (-9, 9)}, fill=white, p=1),
            A.Perspective((0.02, 0.08), fill=white, p=0.3),
            A.ElasticTransform(50, 5, fill=white, p=0.3),
            A.RandomBrightnessContrast(0.15, 0.3, p=1),
            A.GaussianBlur(sigma_limit=(0.3, 0.8), p=0.2),
            A.GaussNoise((0.01, 0.05), p=0.2),
            A.Erasing((0.02, 0.2), fill=white, p=0.3),
        ],
    }[level]()
