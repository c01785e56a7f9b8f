"""Means of weights: EMA and SWA within a training, soups of several trainings, WiSE-FT of before and after.

The functions take and return state dicts. Floating-point entries (weights, and running statistics of batch norm) are
averaged; integers (counters of batch norm) and infinite entries (limits, masks) are those of the newest. After any mean
but EMA's, the statistics of batch norm are only approximately right; `models.batch_norm.refresh_batch_norm` computes
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sketchfit._timm import timm
from sketchfit.config.averaging import AveragingSection

State = Mapping[str, Tensor]


class EMA:
    """Exponential moving average of weights and running statistics, by timm's `ModelEmaV3`.

    The first update copies; after n more the decay is min(decay, 1 - (1 + n)^-power) with warm-up, else `decay`.

    Args:
        model: the model in training, unwrapped; it is copied.
        section: `ema_decay`, `ema_warmup`, `ema_warmup_power`.
    """

    def __init__(self, model: nn.Module, section: AveragingSection) -> None:
        self._ema = timm.utils.ModelEmaV3(
            model,
            decay=section.ema_decay,
            use_warmup=section.ema_warmup,
            warmup_power=section.ema_warmup_power,
        )
        self.updates = 0
        self._infinite = [name for name, value in model.named_buffers() if bool(torch.isinf(value).any())]
        for parameter in self.module.parameters():
            parameter.requires_grad_(False)

    @property
    def module(self) -> nn.Module:
        """The averaged model, in eval mode."""
        module: nn.Module = self._ema.module
        return module

    def update(self, model: nn.Module) -> None:
        """Add the model after a step of the optimizer."""
        self.updates += 1
        self._ema.update(model, step=self.updates)
        for name in self._infinite:  # of which a mean is NaN
            self.module.get_buffer(name).copy_(model.get_buffer(name))

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must store."""
        return {"module": self.module.state_dict(), "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict()` returned."""
        self.module.load_state_dict(state["module"])
        self.updates = state["updates"]


class SWA:
    """Stochastic weight averaging (arXiv 1803.05407): the mean of the weights of all updates."""

    def __init__(self) -> None:
        self.count = 0
        self._mean: dict[str, Tensor] = {}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Add the current weights of the model."""
        self.count += 1
        for name, value in model.state_dict().items():
            if name in self._mean and value.is_floating_point():
                newest = value.to(self._mean[name])
                self._mean[name] = _or_infinite(self._mean[name].lerp_(newest, 1 / self.count), newest)
            else:
                self._mean[name] = value.detach().to(_wide(value), copy=True)

    def average(self, like: nn.Module) -> dict[str, Tensor]:
        """Return the mean, in the types of `like`'s state dict.

        Raises:
            ValueError: there was no update yet.
        """
        if not self.count:
            raise ValueError("no weights were averaged yet")
        return {name: self._mean[name].to(value.dtype, copy=True) for name, value in like.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must store."""
        return {"count": self.count, "mean": dict(self._mean)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict()` returned."""
        self.count = state["count"]
        self._mean = {name: value.clone() for name, value in state["mean"].items()}


def _wide(value: Tensor) -> torch.dtype:
    """Return a type in which the mean of many values loses no digits."""
    return torch.promote_types(value.dtype, torch.float32) if value.is_floating_point() else value.dtype


def weighted_mean(states: Sequence[State], weights: Sequence[float]) -> dict[str, Tensor]:
    """Return Σ weight × state, entry by entry, summed in float64; integers are those of the last state.

    Raises:
        ValueError: no states, or their names or shapes differ.
    """
    if not states or len(states) != len(weights):
        raise ValueError(f"{len(states)} states and {len(weights)} weights")
    first = states[0]
    for number, state in enumerate(states[1:], 1):
        wrong = sorted(first.keys() ^ state.keys()) or [n for n in first if first[n].shape != state[n].shape]
        if wrong:
            raise ValueError(f"state {number} has other entries or shapes than state 0: {', '.join(wrong[:3])}")
    return {name: _mean_entry([state[name] for state in states], weights) for name in first}


def _mean_entry(values: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    if not values[0].is_floating_point():
        return values[-1].clone()
    total = torch.zeros_like(values[0], dtype=torch.float64)
    for value, weight in zip(values, weights, strict=True):
        total += value.to(total) * weight
    return _or_infinite(total.to(values[0].dtype), values[-1].to(values[0]))


def _or_infinite(mean: Tensor, newest: Tensor) -> Tensor:
    """Return the mean, with the newest value where that is infinite."""
    return torch.where(torch.isinf(newest), newest, mean)


def uniform_soup(states: Sequence[State]) -> dict[str, Tensor]:
    """Return the mean of several fine-tunings of one pretrained backbone (arXiv 2203.05482)."""
    return weighted_mean(states, [1 / len(states)] * len(states) if states else [])


@dataclass(frozen=True)
class Soup:
    """A greedy soup: the mean, the numbers of its candidates in the order in which they were added, and its score."""

    state: dict[str, Tensor]
    members: tuple[int, ...]
    score: float


def greedy_soup(states: Sequence[State], score: Callable[[State], float]) -> Soup:
    """Add candidates from the best down, each only if the mean with it scores no worse (arXiv 2203.05482).

    Args:
        states: fine-tunings of one pretrained backbone.
        score: larger is better; called 2 n - 1 times, on rows that none of the states was trained on. The score of the
            soup that is chosen is optimistic.
    """
    chosen, reached = greedy_choice(
        len(states), lambda members: score(uniform_soup([states[member] for member in members]))
    )
    return Soup(uniform_soup([states[member] for member in chosen]), chosen, reached)


def greedy_choice(count: int, score: Callable[[tuple[int, ...]], float]) -> tuple[tuple[int, ...], float]:
    """Choose the candidates of a greedy soup; return them in the order in which they were added, and its score.

    Args:
        count: number of candidates, one or more.
        score: of a soup of the candidates with these numbers, larger is better; called 2 count - 1 times, first with
            each candidate alone. Of candidates with equal scores, the lower number comes first.
    """
    if not count:
        raise ValueError("a soup needs at least one state")
    alone = [score((number,)) for number in range(count)]
    order = sorted(range(count), key=lambda number: -alone[number])
    chosen: tuple[int, ...] = (order[0],)
    best = alone[order[0]]
    for number in order[1:]:
        reached = score((*chosen, number))
        if reached >= best:
            chosen, best = (*chosen, number), reached
    return chosen, best


def wise_ft(zero: State, tuned: State, alpha: float) -> dict[str, Tensor]:
    """Return (1 - alpha) × the weights before fine-tuning + alpha × those after it (arXiv 2109.01903).

    An entry that `zero` lacks, or that has another shape there (a head for other classes), is that of `tuned`. A head
    that was random before fine-tuning should not be in `zero`.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be in [0, 1], not {alpha}")
    shared = {name for name, value in tuned.items() if name in zero and zero[name].shape == value.shape}
    mixed = {name: _mean_entry([zero[name].to(tuned[name]), tuned[name]], [1 - alpha, alpha]) for name in shared}
    return {name: mixed[name] if name in shared else value.clone() for name, value in tuned.items()}
