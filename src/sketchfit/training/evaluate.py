"""Probabilities of a network over rows of a store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sketchfit.config.recipe import Recipe
from sketchfit.data.batches import load_batches
from sketchfit.data.store import Store
from sketchfit.models.backbone import Network, Normalisation
from sketchfit.models.backends.answer import Answer, eager
from sketchfit.transforms.augment import eval_augment


class Feeding(TypedDict):
    """How pictures reach a network: keyword arguments of `probabilities` and of `inference.tta.view_probabilities`."""

    size: int
    batch_size: int
    device: torch.device
    precision: str
    channels_last: bool
    threads: int


def feeding(recipe: Recipe, device: torch.device) -> Feeding:
    """As a recipe says it."""
    compute = recipe.compute
    return {
        "size": recipe.model.input_size,
        "batch_size": recipe.inference.batch_size,
        "device": device,
        "precision": compute.precision,
        "channels_last": compute.channels_last,
        "threads": compute.threads,
    }


def probabilities(
    model: nn.Module,
    normalisation: Normalisation,
    store: Store,
    rows: NDArray[np.int64],
    *,
    size: int,
    batch_size: int,
    device: torch.device,
    precision: str = "fp32",
    channels_last: bool = True,
    threads: int = 2,
    answer: Answer | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> NDArray[np.float32]:
    """Softmax probabilities without augmentation.

    Args:
        model: on `device`; left in evaluation mode.
        rows: rows of the store, int64 [N].
        size: side of the input in pixels.
        answer: what computes the probabilities instead of torch (`models.backends`).
        progress: called with the number of rows done.

    Returns:
        float32 [N, C], rows sum to 1.
    """
    model.eval()
    answer = answer or eager(Network(model, normalisation), device, channels_last)
    batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    found: list[NDArray[np.float32]] = []
    done = 0
    with torch.inference_mode(), autocast(device, precision):
        for batch in load_batches(store, batches, eval_augment(size), lambda _: _GENERATOR, threads):
            found.append(answer(batch.images))
            done += len(batch.rows)
            progress(done)
    return np.concatenate(found) if found else np.zeros((0, 0), dtype=np.float32)


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Autocast of this precision; switched off for fp32."""
    dtype = torch.float16 if precision == "fp16" else torch.bfloat16
    return torch.autocast(device.type, dtype=dtype, enabled=precision != "fp32")


_GENERATOR = np.random.Generator(np.random.Philox(0))  # evaluation draws nothing from it
