"""The learning rate as a pure function of the number of the update, so that a resumed training needs no state for it.

Only `Plateau` has a state, because it reacts to the validation. Curves: SGDR's cosine (arXiv 1608.03983), one-cycle
(arXiv 1708.07120, torch's form), step, multistep, polynomial, linear, constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from sketchfit.config.schedule import ScheduleSection

Curve = Callable[[ScheduleSection, float], float]


def _toward_minimum(section: ScheduleSection, height: float) -> float:
    return section.min_factor + (1 - section.min_factor) * height


def _cosine(section: ScheduleSection, done: float) -> float:
    return _toward_minimum(section, 0.5 * (1 + math.cos(math.pi * done)))


def _polynomial(section: ScheduleSection, done: float) -> float:
    return _toward_minimum(section, (1 - done) ** section.power)


def _linear(section: ScheduleSection, done: float) -> float:
    return _toward_minimum(section, 1 - done)


# Functions of the share of the updates after warm-up that are done, in [0, 1).
_CURVES: dict[str, Curve] = {"cosine": _cosine, "polynomial": _polynomial, "linear": _linear}


def warmup_steps(section: ScheduleSection, total_steps: int, steps_per_epoch: int) -> int:
    """Return the number of updates in the warm-up, at most `total_steps`; 0 for one-cycle, which has its own rise."""
    if section.name == "onecycle":
        return 0
    unit = {"epochs": steps_per_epoch, "steps": 1, "share": total_steps}[section.warmup_unit]
    return min(round(section.warmup * unit), total_steps)


def lr_factor(
    section: ScheduleSection,
    step: int,
    total_steps: int,
    steps_per_epoch: int,
    drops: Sequence[tuple[int, float]] = (),
) -> float:
    """Return the factor of the base learning rate at an update.

    Args:
        section: settings of the curve.
        step: number of the next update, from 0; after the end, the last value is returned.
        total_steps: updates of the training, at least 1.
        steps_per_epoch: updates in an epoch, at least 1.
        drops: (first update, scale) of each curriculum stage, in order: the curve is multiplied by the scale of the
            stage.

    Returns:
        A factor, 0 or above. It is 1 for `plateau` after warm-up, to be multiplied by `Plateau.scale`.
    """
    step = min(max(step, 0), total_steps - 1)
    scale = next((scale for first, scale in reversed(drops) if step >= first), 1.0)
    warmup = warmup_steps(section, total_steps, steps_per_epoch)
    if step < warmup:
        return scale * (section.warmup_start + (1 - section.warmup_start) * step / warmup)
    if section.name == "onecycle":
        return scale * _onecycle(section, step, total_steps)
    if section.name == "step":
        return scale * section.gamma ** math.floor(step / (section.step_epochs * steps_per_epoch) + 1e-9)
    if section.name == "multistep":
        return scale * section.gamma ** sum(step >= round(share * total_steps) for share in section.milestones)
    curve = _CURVES.get(section.name)
    return scale * (curve(section, (step - warmup) / (total_steps - warmup)) if curve else 1.0)


def _onecycle(section: ScheduleSection, step: int, total_steps: int) -> float:
    first = 1 / section.onecycle_start
    last = first / section.onecycle_end
    peak = max(section.onecycle_rise * total_steps - 1, 0.0)
    end = total_steps - 1
    if step <= peak:
        return _between(first, 1.0, step / peak if peak else 1.0)
    return _between(1.0, last, (step - peak) / (end - peak))


def _between(start: float, end: float, done: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * done))


def apply_lr(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set the rate of each group to `initial_lr` × `lr_scale` (default 1) × factor."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * group.get("lr_scale", 1.0) * factor


@dataclass
class Plateau:
    """Lower the rate when the validation stops improving, like torch's `ReduceLROnPlateau` in relative mode.

    Args:
        gamma: factor of `scale` at each drop.
        patience: number of updates without improvement that are tolerated.
        threshold: smallest relative improvement that counts.
        min_factor: lowest scale.
        larger_is_better: True for an accuracy, False for a loss.
    """

    gamma: float
    patience: int
    threshold: float
    min_factor: float
    larger_is_better: bool = False
    scale: float = 1.0
    best: float | None = None
    waited: int = 0

    @classmethod
    def from_section(cls, section: ScheduleSection, larger_is_better: bool = False) -> Plateau:
        """Return the recipe's plateau."""
        return cls(
            section.gamma, section.plateau_patience, section.plateau_threshold, section.min_factor, larger_is_better
        )

    def update(self, value: float) -> float:
        """Add the figure of an epoch; return the factor of the next epoch's rates."""
        if self._improves(value):
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        if self.waited > self.patience:
            self.scale, self.waited = max(self.scale * self.gamma, self.min_factor), 0
        return self.scale

    def _improves(self, value: float) -> bool:
        if self.best is None:
            return not math.isnan(value)
        if self.larger_is_better:
            return value > self.best * (1 + self.threshold)
        return value < self.best * (1 - self.threshold)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must store."""
        return {"scale": self.scale, "best": self.best, "waited": self.waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict()` returned."""
        self.scale, self.best, self.waited = state["scale"], state["best"], state["waited"]
