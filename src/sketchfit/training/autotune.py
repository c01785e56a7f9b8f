"""Precision, memory format and batch size by a short measurement: forward and backward passes of the network.

Which is faster depends on the network as much as on the machine. Both change the arithmetic, so a run chooses once and
stores its choice; see `stages.autotune`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from accelerate.utils.memory import should_reduce_batch_size
from torch import nn

from sketchfit.config.fold_weights import at_any_fold
from sketchfit.config.recipe import Recipe
from sketchfit.models.backbone import build_network
from sketchfit.models.compute import autocast
from sketchfit.models.freezing import apply_freezing
from sketchfit.training.optimizers import build_optimizer

Precision = Literal["fp32", "bf16", "fp16"]

CLEARLY = 1.15
"""How many times as fast bf16 must be, because it keeps 8 bits of each number where fp32 keeps 24."""
PLAINLY = 1.05
"""How many times as fast the other memory format must be as the recipe's: less is noise."""
ROUNDS = 3
"""Timed steps of each format. The formats take turns, so that other work on the machine slows all of them down."""
ENOUGH_SECONDS = 20.0
"""No new round begins after that; if the first round, a warm-up, takes as long, its times are used."""
LARGEST_AUTO, SMALLEST_AUTO = 128, 1
"""Batch sizes per process that are tried on a GPU, from the largest, halved each time."""


@dataclass(frozen=True)
class Format:
    """Precision and memory format of a training."""

    precision: Precision
    channels_last: bool

    def __str__(self) -> str:
        return f"{self.precision} {'channels_last' if self.channels_last else 'contiguous'}"


def candidates(device: torch.device, precision: Precision | None, channels_last: bool | None) -> list[Format]:
    """Return the formats to try; what is not None is fixed. fp16 is not tried: unlike bf16 it needs a scaled loss."""
    bf16 = device.type == "cpu" or (device.type == "cuda" and torch.cuda.is_bf16_supported())
    precisions: list[Precision] = [precision] if precision else ["fp32", *(["bf16"] if bf16 else [])]  # type: ignore[list-item]
    memory = [True, False] if channels_last is None else [channels_last]
    return [Format(one, last) for one in precisions for last in memory]


def choose_format(rates: Mapping[Format, float], usual: bool = True) -> Format:
    """Choose the format of a training.

    Args:
        rates: images per second of each candidate, at least one.
        usual: the memory format that is used unless the other one is 5 % faster.

    Returns:
        The faster memory format in fp32, or in bf16 if that is another 15 % faster.
    """
    best: dict[str, tuple[float, Format]] = {}
    for precision in dict.fromkeys(one.precision for one in rates):
        own = {one: rate for one, rate in rates.items() if one.precision == precision}
        kept = max(own, key=lambda one: own[one] * (PLAINLY if one.channels_last == usual else 1.0))
        best[precision] = own[kept], kept
    plain = best.get("fp32")
    if plain is None:
        return max(best.values(), key=lambda found: found[0])[1]
    coarse = best.get("bf16")
    return coarse[1] if coarse is not None and coarse[0] >= CLEARLY * plain[0] else plain[1]


def measure_formats(
    recipe: Recipe, classes: int, device: torch.device, formats: Sequence[Format], batch_size: int
) -> dict[Format, float]:
    """Return images per second of forward and backward passes with random weights and pictures: each format's best."""
    step = _Step(recipe, classes, device, batch_size)
    return fastest({one: lambda one=one: step(one) for one in formats}, batch_size)  # type: ignore[misc]


def fastest(
    steps: Mapping[Format, Callable[[], None]], images: int, clock: Callable[[], float] = time.perf_counter
) -> dict[Format, float]:
    """Return images per second of each step, in rounds; the first is a warm-up and only counts if time is short."""
    began, found = clock(), dict.fromkeys(steps, math.inf)
    for number in range(1 + ROUNDS):
        if number == 1 and clock() - began < ENOUGH_SECONDS:
            found = dict.fromkeys(steps, math.inf)
        elif number >= 1 and clock() - began >= ENOUGH_SECONDS and all(map(math.isfinite, found.values())):
            break
        for one, step in steps.items():
            start = clock()
            step()
            found[one] = min(found[one], clock() - start)
    return {one: images / max(seconds, 1e-9) for one, seconds in found.items()}


def largest_batch(fits: Callable[[int], None]) -> int:
    """Return the largest of 128, 64, 32, … images with which `fits` does not run out of memory; 1 if none.

    Args:
        fits: makes a training step with so many images; errors that accelerate recognises as out of memory are caught.
    """
    size = LARGEST_AUTO
    while size > SMALLEST_AUTO:
        try:
            fits(size)
        except Exception as error:
            if not should_reduce_batch_size(error):
                raise
            size //= 2
        else:
            break
    return size


def batch_that_fits(recipe: Recipe, classes: int, device: torch.device) -> int:
    """Return the images per training step that fit in a GPU's memory, with the optimizer and the moving average."""

    def fits(size: int) -> None:
        try:
            step = _Step(recipe, classes, device, size)
            average = [value.clone() for value in step.model.state_dict().values()] if recipe.averaging.ema else []
            optimizer = build_optimizer(step.model, recipe.optimizer)
            for _ in range(2):  # the optimizer allocates its memory in the first step
                step(Format(recipe.compute.precision, recipe.compute.channels_last), keep_gradient=True)
                optimizer.step()
            del average
        finally:
            if device.type == "cuda":
                torch.cuda.empty_cache()

    return largest_batch(fits)


class _Step:
    """The forward and backward pass of a training step on noise, in any format."""

    def __init__(self, recipe: Recipe, classes: int, device: torch.device, batch_size: int) -> None:
        model = at_any_fold(recipe).model
        size = model.size
        with torch.random.fork_rng(devices=[]):  # so that this does not change the random numbers of a training
            self.model: nn.Module = build_network(model, classes, load_weights=False).model.to(device).train()
            self._images = torch.randn(batch_size, 3, size, size).to(device)
            self._label = torch.randint(classes, (batch_size,)).to(device)
        apply_freezing(self.model, recipe.model.freeze, recipe.training.epochs - 1, recipe.training.epochs)
        if recipe.training.grad_checkpointing:
            self.model.set_grad_checkpointing(True)  # type: ignore[operator]
        self._device, self._last = device, False

    def __call__(self, chosen: Format, *, keep_gradient: bool = False) -> None:
        if chosen.channels_last != self._last:
            self._last = chosen.channels_last
            memory = torch.channels_last if self._last else torch.contiguous_format
            self.model.to(memory_format=memory)  # type: ignore[call-overload]
            self._images = self._images.contiguous(memory_format=memory)
        with torch.random.fork_rng(devices=[]), autocast(self._device, chosen.precision):
            loss = nn.functional.cross_entropy(self.model(self._images).float(), self._label)
        loss.backward()  # type: ignore[no-untyped-call]
        if not keep_gradient:
            self.model.zero_grad()
        if self._device.type == "cuda":
            torch.cuda.synchronize()
