from __future__ import annotations

import numpy as np
import pytest
import torch

from sketchfit.models.network import Normalisation, to_input

IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def by_formula(images: np.ndarray, normalisation: Normalisation) -> torch.Tensor:
    """Float arithmetic pixel by pixel, [B, 3, H, W]."""
    mean = torch.tensor(normalisation.mean).view(1, 3, 1, 1)
    std = torch.tensor(normalisation.std).view(1, 3, 1, 1)
    return (torch.from_numpy(images).permute(0, 3, 1, 2).float() - mean * 255) / (std * 255)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("normalisation", [IMAGENET, Normalisation((0.5,) * 3, (0.5,) * 3)])
def test_every_byte_gets_the_formulas_bits(channels: int, channels_last: bool, normalisation: Normalisation) -> None:
    rng = np.random.default_rng(0)
    images = np.stack([rng.permutation(256).reshape(16, 16) for _ in range(5 * channels)]).astype(np.uint8)
    images = np.ascontiguousarray(images.reshape(5, channels, 16, 16).transpose(0, 2, 3, 1))
    found = to_input(torch.from_numpy(images), normalisation, torch.device("cpu"), channels_last)
    assert torch.equal(found, by_formula(images, normalisation))


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 1, 7, 3), (3, 7, 1, 1), (0, 4, 4, 3)])
def test_odd_shapes(shape: tuple[int, int, int, int]) -> None:
    images = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    found = to_input(torch.from_numpy(images), IMAGENET, torch.device("cpu"), True)
    assert torch.equal(found, by_formula(images, IMAGENET).reshape(found.shape))
    assert found.shape == (shape[0], 3, shape[1], shape[2])


def test_images_that_are_not_contiguous() -> None:
    images = torch.from_numpy(np.random.default_rng(2).integers(0, 256, (2, 3, 8, 8), dtype=np.uint8))
    found = to_input(images.permute(0, 2, 3, 1), IMAGENET, torch.device("cpu"), True)
    assert torch.equal(found, by_formula(np.ascontiguousarray(images.permute(0, 2, 3, 1).numpy()), IMAGENET))


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_last_batches_are_made_without_a_copy(channels: int) -> None:
    images = torch.zeros(4, 8, 8, channels, dtype=torch.uint8)
    to_input(images, IMAGENET, torch.device("cpu"), True)  # the table is made once
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as seen:
        to_input(images, IMAGENET, torch.device("cpu"), True)
    names = {event.name for event in seen.events() if event.name.startswith("aten::")}
    assert "aten::permute" in names  # the profiler works
    assert not names & {"aten::copy_", "aten::clone", "aten::_to_copy", "aten::sub", "aten::div"}


def test_the_input_may_be_changed_without_changing_the_next() -> None:
    images = torch.zeros(1, 4, 4, 1, dtype=torch.uint8)
    first = to_input(images, IMAGENET, torch.device("cpu"), True)
    before = first.clone()
    first.zero_()
    assert torch.equal(to_input(images, IMAGENET, torch.device("cpu"), True), before)
