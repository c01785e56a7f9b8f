"""Precision, memory format and batch size by a short measurement: forward and backward passes of the network.

Which is faster depends on the network as much as on the machine. Both change the arithmetic, so a run chooses once and
stores its choice; see `stages.autotune`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from sketchfit.activity import activity
from sketchfit.config.fold_weights import at_any_fold
from sketchfit.config.recipe import Recipe
from sketchfit.models.backbone import build_network
from sketchfit.models.batch_norm import learning_batch_norms
from sketchfit.models.compute import autocast
from sketchfit.models.device import is_out_of_memory, release_cached_memory, synchronize
from sketchfit.models.freezing import apply_freezing
from sketchfit.processors import OtherLoad
from sketchfit.training.doubt import doubt_of, spread_of
from sketchfit.training.optimizers import build_optimizer

Precision = Literal["fp32", "bf16", "fp16"]

CLEARLY = 1.15
"""How many times as fast bf16 must be, because it keeps 8 bits of each number where fp32 keeps 24."""
PLAINLY = 1.05
"""How many times as fast the other memory format must be as the recipe's: less is noise."""
ROUNDS = 5
"""Timed steps of each format. The formats take turns, so that other work on the machine slows all of them down."""
FEWEST = 3
"""Timed steps of each format without which nothing is chosen."""
ENOUGH_SECONDS = 20.0
"""No new round begins after that. Batches are made smaller so that the rounds fit into it."""
FEW = 2
"""Images of the first steps: batch norm needs two."""
LARGEST_AUTO = 128
"""Batch size per process that is tried first on a GPU; it is halved until it fits."""


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


@dataclass(frozen=True)
class FormatTimes:
    """Timed training steps.

    Attributes:
        seconds: of each step, by format.
        images: per step.
        others: cores that other processes used meanwhile; None: unknown, or not what the steps depend on.
    """

    seconds: Mapping[Format, tuple[float, ...]]
    images: int
    others: float | None = None

    @property
    def rates(self) -> dict[Format, float]:
        """Images per second of each format: its shortest step, because other work only makes a step longer."""
        return {one: self.images / max(min(found), 1e-9) for one, found in self.seconds.items()}

    @property
    def spread(self) -> float:
        """By how much the median of a format's times is above the shortest one; the largest of all formats."""
        return max(map(spread_of, self.seconds.values()))

    def doubt(self, threads: int) -> str:
        """Return why a choice by these times would be a guess; empty where it would not.

        Args:
            threads: of this process.
        """
        if min(map(len, self.seconds.values())) < FEWEST:
            return f"a step takes too long for {FEWEST} repeats in {ENOUGH_SECONDS:.0f} s"
        return doubt_of(self.spread, self.others, threads)


@activity("measuring number formats")
def measure_formats(
    recipe: Recipe, classes: int, device: torch.device, formats: Sequence[Format], batch_size: int
) -> FormatTimes:
    """Time forward and backward passes with random weights and pictures; the batch is smaller where they take long."""
    few, cpu = min(FEW, batch_size), device.type == "cpu"
    step = _Step(recipe, classes, device, few if cpu else batch_size)
    images = batch_size
    if cpu:  # a step of a few images on a GPU takes as long as one of a batch
        step(formats[0])
        images, seconds = images_per_step(lambda n: step.timed(formats[0], n), few, len(formats), batch_size)
        if too_long(seconds, len(formats)):
            return FormatTimes({formats[0]: (seconds,)}, images)
        step.set_batch(images)
    load = OtherLoad() if cpu else None
    seconds_of = time_rounds({one: lambda one=one: step(one) for one in formats})  # type: ignore[misc]
    return FormatTimes(seconds_of, images, load.cores() if load else None)


def images_per_step(timed: Callable[[int], float], few: int, formats: int, batch_size: int) -> tuple[int, float]:
    """Return the images per step with which all rounds take no longer than they should, and the seconds of a step.

    Args:
        timed: returns the seconds of a step with so many images.
        few: images of the first step, whose time per image is too long: part of it does not depend on their number.
        formats: number of formats.
        batch_size: images of a training step, the most.
    """
    images, seconds, allowed = few, timed(few), ENOUGH_SECONDS / (formats * (1 + ROUNDS))
    while images < batch_size and seconds <= allowed:
        more = min(batch_size, max(2 * images, int(images * allowed / max(seconds, 1e-9))))
        longer = timed(more)
        if longer > allowed:
            break
        images, seconds = more, longer
    return images, seconds


def too_long(seconds: float, formats: int) -> bool:
    """Return whether a step takes too long: a warm-up and the fewest rounds do not fit into the time."""
    return seconds * formats * (1 + FEWEST) > ENOUGH_SECONDS


def time_rounds(
    steps: Mapping[Format, Callable[[], None]], clock: Callable[[], float] = time.perf_counter
) -> dict[Format, tuple[float, ...]]:
    """Return the seconds of each step, taken in rounds; the first round is a warm-up and not counted."""
    began = clock()
    found: dict[Format, list[float]] = {one: [] for one in steps}
    for number in range(1 + ROUNDS):
        if number > 1 and clock() - began >= ENOUGH_SECONDS:
            break
        for one, step in steps.items():
            start = clock()
            step()
            if number:
                found[one].append(clock() - start)
    return {one: tuple(seconds) for one, seconds in found.items()}


def largest_batch(fits: Callable[[int], None], smallest: int = 1) -> int:
    """Return the largest of 128, 64, 32, … images with which `fits` does not run out of memory; the smallest if none.

    Args:
        fits: makes a training step with so many images; errors that accelerate recognises as out of memory are caught.
        smallest: images that are not tried, but returned if no others fit.
    """
    size = LARGEST_AUTO
    while size > smallest:
        try:
            fits(size)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            size //= 2
        else:
            break
    return size


def batch_that_fits(recipe: Recipe, classes: int, device: torch.device) -> int:
    """Return the images per training step that fit in a GPU's memory, with the optimizer and the moving average.

    They are at least two for a network with batch norms that learn.
    """

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
            release_cached_memory(device)

    norms = learning_batch_norms(_Step(recipe, classes, torch.device("cpu"), batch_size=1).model)
    return largest_batch(fits, smallest=2 if norms else 1)


class _Step:
    """The forward and backward pass of a training step on noise, in any format."""

    def __init__(self, recipe: Recipe, classes: int, device: torch.device, batch_size: int) -> None:
        model = at_any_fold(recipe).model
        self._classes, self._size, self._device, self._last = classes, model.size, device, False
        with torch.random.fork_rng(devices=[]):  # so that this does not change the random numbers of a training
            self.model: nn.Module = build_network(model, classes, load_weights=False).model.to(device).train()
        apply_freezing(self.model, recipe.model.freeze, recipe.training.epochs - 1, recipe.training.epochs)
        if recipe.training.grad_checkpointing:
            self.model.set_grad_checkpointing(True)  # type: ignore[operator]
        self.set_batch(batch_size)

    def set_batch(self, images: int) -> None:
        """Take so many images per step."""
        memory = torch.channels_last if self._last else torch.contiguous_format
        shape, generator = (images, 3, self._size, self._size), torch.Generator().manual_seed(0)
        self._images = torch.randn(shape, generator=generator).to(self._device, memory_format=memory)
        self._label = torch.arange(images, device=self._device) % self._classes

    def timed(self, chosen: Format, images: int) -> float:
        """Return the seconds of a step with so many images."""
        self.set_batch(images)
        began = time.perf_counter()
        self(chosen)
        return time.perf_counter() - began

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
        synchronize(self._device)
