"""Pictures whose class is visible in one corner only, and small networks trained on them."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit._timm import timm
from sketchfit.models.network import Network, Normalisation, to_input

SIZE = 64
HALF = Normalisation((0.75, 0.75, 0.75), (0.25, 0.25, 0.25))


def pictures(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Noise on paper with a dark square somewhere; class 1 has one in the top left corner, class 0 never has."""
    rng = np.random.default_rng(seed)
    found = rng.integers(180, 256, (count, SIZE, SIZE, 1), dtype=np.uint8)
    label = rng.integers(0, 2, count)
    for picture, one in zip(found, label, strict=True):
        y, x = rng.integers(0, SIZE - 12, 2)
        if y > 30 or x > 30:
            picture[y : y + 12, x : x + 12] = 30
        if one:
            y, x = rng.integers(0, 5, 2)
            picture[y : y + 12, x : x + 12] = 30
    return found, label.astype(np.int64)


@cache
def trained(name: str, lr: float, steps: int) -> Network:
    """A timm model that knows the classes of `pictures`."""
    torch.manual_seed(0)
    extra = {"img_size": SIZE} if name in {"test_vit", "test_coatnet", "xcit_nano_12_p8_224"} else {}
    model = timm.create_model(name, pretrained=False, num_classes=2, **extra)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    model.train()
    for step in range(steps):
        found, label = pictures(32, step + 1)
        images = to_input(torch.from_numpy(found), HALF, torch.device("cpu"), channels_last=False)
        loss = torch.nn.functional.cross_entropy(model(images), torch.from_numpy(label))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Network(model.eval(), HALF)


def share_in_corner(heat: NDArray[np.float32]) -> float:
    """Return the share of a map in its top left quarter, which is a quarter by chance."""
    return float(heat[: SIZE // 2, : SIZE // 2].sum() / heat.sum())
