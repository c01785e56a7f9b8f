"""Rows as torchvision's `ImageFolder` and timm's data sets give them: a PIL image, a transform, a label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from torch.utils.data import Dataset


class Pictures(Dataset[tuple[Any, int]]):
    """Decoded again each time, in `mode` (`RGB`, as these data sets do, or `L`)."""

    def __init__(
        self,
        paths: Sequence[Path],
        labels: Sequence[int],
        transform: Callable[[Any], Any] | None = None,
        mode: str = "RGB",
    ) -> None:
        self.paths, self.labels, self.transform, self.mode = list(paths), list(labels), transform, mode

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        with Image.open(self.paths[index]) as image:
            picture = image.convert(self.mode)
        return picture if self.transform is None else self.transform(picture), self.labels[index]
