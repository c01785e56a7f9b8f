"""What a training and its validation do, counted: copies of a batch, resamplings of a picture, passes with gradients.

Counts of operations, not times: they guard what makes the way to the network cheap, on any machine.
"""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from sketchfit.data.batches import load_batches, split_batches
from sketchfit.models.averaging import EMA
from sketchfit.models.network import Normalisation, to_input
from sketchfit.training.engine import make_engine
from sketchfit.training.loader import DataLoader
from sketchfit.training.plan import make_plan
from sketchfit.transforms.augment import augment_for, eval_augment
from sketchfit.transforms.rng import sample_rng

CPU = torch.device("cpu")
IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
RESAMPLINGS = ("warpAffine", "remap", "resize", "warpPerspective")


class Watched(TorchDispatchMode):
    """Counts torch's operations, those that turn bytes to floats, the floats that were copied only to be laid out
    otherwise, and the bytes of all new float tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: Counter[str] = Counter()
        self.conversions = 0
        self.relaid = 0
        self.float_bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func.name().split("::")[1].split(".")[0]
        self.operations[name] += 1
        given = [value for value in (*args, *(kwargs or {}).values()) if isinstance(value, torch.Tensor)]
        if isinstance(out, torch.Tensor) and out.is_floating_point() and out.numel() > 1000:
            own = {value.untyped_storage().data_ptr() for value in given}
            if out.untyped_storage().data_ptr() not in own:
                self.float_bytes += out.untyped_storage().nbytes()
            self.conversions += any(value.dtype == torch.uint8 for value in given)
            self.relaid += name in {"clone", "copy_", "contiguous"} and given[0].is_floating_point()
        return out


@pytest.mark.parametrize("channels", [1, 3])
def test_bytes_become_floats_once_and_lie_as_the_network_wants_them(channels: int) -> None:
    images = torch.randint(0, 256, (8, 32, 32, channels), dtype=torch.uint8)
    with Watched() as watched:
        given = to_input(images, IMAGENET, CPU, channels_last=True)
    assert given.is_contiguous(memory_format=torch.channels_last)
    assert watched.conversions <= 1  # in torch; a table outside of it makes none
    assert watched.relaid == 0
    assert watched.float_bytes <= given.nbytes
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) * 255 for values in (IMAGENET.mean, IMAGENET.std))
    expected = (images.permute(0, 3, 1, 2).float().expand(-1, 3, -1, -1) - mean) / std
    assert torch.equal(given, expected)
    assert to_input(images, IMAGENET, CPU, channels_last=False).is_contiguous()


def test_the_watch_sees_a_copy() -> None:
    """So that the test above can fail."""
    images = torch.randint(0, 256, (8, 32, 32, 3), dtype=torch.uint8)
    with Watched() as watched:
        images.permute(0, 3, 1, 2).float().contiguous().contiguous(memory_format=torch.channels_last)
    assert (watched.conversions, watched.relaid) == (1, 2)
    assert watched.float_bytes == 3 * images.numel() * 4


def test_what_the_feed_gives_is_ready_for_the_network(tiny_job: Callable[..., Any]) -> None:
    job = tiny_job({"compute": {"channels_last": True}})
    engine = make_engine(job.recipe.compute)
    (epoch, *_) = make_plan(job.recipe, len(job.train_rows)).epochs
    with Watched() as watched:
        groups = list(DataLoader(job, IMAGENET, engine).updates(epoch))
    assert len(groups) == 4
    inputs = [micro.images for group in groups for micro in group]
    assert all(one.is_contiguous(memory_format=torch.channels_last) and one.shape[1] == 3 for one in inputs)
    assert watched.conversions <= len(inputs)
    assert watched.relaid == 0
    assert watched.float_bytes <= sum(one.nbytes for one in inputs)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_batchs_floats_are_all_that_is_allocated_for_them(channels: int) -> None:
    images = torch.randint(0, 256, (8, 64, 64, channels), dtype=torch.uint8)
    to_input(images, IMAGENET, CPU, channels_last=True)  # the table is made once

    def peak(make: Callable[[], object]) -> int:
        tracemalloc.start()
        try:
            made = make()
            del made
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    floats = 8 * 64 * 64 * 3 * 4
    bytes_of_grey = 8 * 64 * 64 * 3 if channels == 1 else 0  # repeated while they are bytes
    assert floats <= peak(lambda: to_input(images, IMAGENET, CPU, channels_last=True)) < 1.1 * (floats + bytes_of_grey)
    assert peak(lambda: images.numpy().astype(np.float32).copy()) > 1.9 * floats * channels / 3  # a copy would be seen


def test_a_batch_is_looked_up_and_stacked_once(tiny_job: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            calls[name] += 1
            return real(*args, **kwargs)

        return call

    monkeypatch.setattr(cv2, "LUT", counted("LUT", cv2.LUT))
    monkeypatch.setattr(np, "stack", counted("stack", np.stack))
    job = tiny_job({"transforms": {"policy": "none"}})
    engine = make_engine(job.recipe.compute)
    (epoch, *_) = make_plan(job.recipe, len(job.train_rows)).epochs
    groups = list(DataLoader(job, IMAGENET, engine).updates(epoch))
    assert calls == {"LUT": len(groups), "stack": len(groups)}


@pytest.fixture
def resamplings(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Calls of OpenCV's functions that compute a picture at other places or in another size."""
    calls: Counter[str] = Counter()
    for name in RESAMPLINGS:
        real = getattr(cv2, name)

        def counted(image: Any, *args: Any, real: Any = real, name: str = name, **kwargs: Any) -> Any:
            calls[name] += image.dtype == np.uint8  # fields of displacements are floats
            return real(image, *args, **kwargs)

        monkeypatch.setattr(cv2, name, counted)
    return calls


@pytest.mark.parametrize("policy", ["light", "flips_rotation_distort"])
def test_a_picture_is_warped_once_whatever_the_geometry_of_its_policy(
    policy: str, tiny_job: Callable[..., Any], resamplings: Counter[str]
) -> None:
    """The store is hardly denser than the network's input (36 to 32 pixels, as 144 to 128), so nothing is averaged."""
    job = tiny_job({"transforms": {"policy": policy}})
    augment = augment_for(job.recipe.transforms, 32, 0, 4)
    batches = split_batches(job.train_rows, 8)
    found = list(load_batches(job.store, batches, augment, lambda row: sample_rng(1, 0, row), 2))
    pictures = sum(len(batch.rows) for batch in found)
    assert pictures == 32
    if policy == "light":
        assert resamplings == {"warpAffine": pictures}
    warps = resamplings["warpAffine"] + resamplings["remap"]
    assert warps <= pictures  # some need none: resized and mirrored
    assert resamplings["warpPerspective"] == 0


def test_a_picture_to_be_predicted_is_resized_once(tiny_job: Callable[..., Any], resamplings: Counter[str]) -> None:
    job = tiny_job()
    batches = [job.valid_rows]
    list(load_batches(job.store, batches, eval_augment(32), lambda row: sample_rng(1, 0, row), 1))
    assert resamplings == {"resize": len(job.valid_rows)}


@pytest.mark.parametrize("probe", [False, True])
def test_validation_records_no_gradients_and_runs_in_large_batches(
    probe: bool, tiny_job: Callable[..., Any], train: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[tuple[bool, bool, int]] = []
    real = nn.Linear.forward

    def forward(self: nn.Linear, features: torch.Tensor) -> torch.Tensor:
        out = real(self, features)
        passes.append((self.training, out.requires_grad or torch.is_grad_enabled(), len(features)))
        if not self.training and not probe:
            assert torch.is_inference_mode_enabled()
        return out

    monkeypatch.setattr(nn.Linear, "forward", forward)
    job = tiny_job({"training": {"probe": probe}, "inference": {"batch_size": 64}})
    train(job)
    training = [size for learns, gradients, size in passes if learns]
    validation = [size for learns, gradients, size in passes if not learns and not gradients]
    assert training == [8] * 16
    assert validation.count(len(job.valid_rows)) >= 4  # once an epoch, all rows together
    assert all(gradients for learns, gradients, _ in passes if learns)


def test_the_moving_average_takes_as_many_operations_for_a_deep_network_as_for_a_shallow_one(
    tiny_job: Callable[..., Any],
) -> None:
    """All its tensors at once (foreach), not one by one."""

    def operations(layers: int) -> Counter[str]:
        model = nn.Sequential(*(nn.Linear(4, 4) for _ in range(layers)))
        average = EMA(model, tiny_job().recipe.averaging)
        average.update(model)
        with Watched() as watched:
            average.update(model)
        return Counter({name: n for name, n in watched.operations.items() if name not in {"detach", "alias"}})

    assert operations(2) == operations(20)
