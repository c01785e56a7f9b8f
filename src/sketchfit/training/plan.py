"""The plan of a training: input size, batches and updates of each epoch.

It is known before the first step, so a resumed training needs no stored state for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.config.recipe import Recipe


@dataclass(frozen=True)
class EpochPlan:
    """One epoch.

    Attributes:
        epoch: number, from 0.
        size: side of the input in pixels.
        batch_size: images per batch, over all processes.
        batches: batches of the epoch.
        updates: optimizer updates of the epoch.
        first_update: updates done before this epoch.
        lr_scale: factor of the scheduled learning rate: the scale of the curriculum times that of progressive resizing.
    """

    epoch: int
    size: int
    batch_size: int
    batches: int
    updates: int
    first_update: int
    lr_scale: float = 1.0


@dataclass(frozen=True)
class Plan:
    """All epochs of a training."""

    epochs: tuple[EpochPlan, ...]

    @property
    def steps_per_epoch(self) -> int:
        """Steps of the schedule in every epoch: the updates of the epoch that has the most."""
        return max(plan.updates for plan in self.epochs)

    def schedule_step(self, epoch: EpochPlan, update: int) -> int:
        """Return the step of the schedule at an update of an epoch, from 0. Fewer updates take larger steps."""
        return epoch.epoch * self.steps_per_epoch + update * self.steps_per_epoch // epoch.updates

    def share_done(self, epoch: EpochPlan, batches: int) -> float:
        """Return the share of the training's work, 0 … 1, that is done after some batches of an epoch."""
        work = [one.batch_size * one.size**2 for one in self.epochs]
        total = sum(one.batches * cost for one, cost in zip(self.epochs, work, strict=True))
        before = sum(one.batches * work[one.epoch] for one in self.epochs[: epoch.epoch])
        return (before + batches * work[epoch.epoch]) / total

    @property
    def lr_drops(self) -> list[tuple[int, float]]:
        """(first step of the schedule, scale) of each epoch in which the scale of the learning rate changes."""
        drops: list[tuple[int, float]] = []
        for plan in self.epochs:
            if plan.lr_scale != (drops[-1][1] if drops else 1.0):
                drops.append((self.schedule_step(plan, 0), plan.lr_scale))
        return drops

    @property
    def images(self) -> int:
        """Images of all batches of the training."""
        return sum(plan.batches * plan.batch_size for plan in self.epochs)


def make_plan(recipe: Recipe, rows: int) -> Plan:
    """Plan the epochs for a number of training rows."""
    plans: list[EpochPlan] = []
    first = 0
    training, full_size = recipe.training, recipe.model.size
    for epoch in range(training.epochs):
        size, wanted, scale = full_size, training.batch, 1.0
        if (stage := training.resize_stage(epoch)) is not None:
            size, wanted = stage.size, stage.batch(training.batch, full_size)
            scale = stage.lr_scale or wanted / training.batch
        scale *= recipe.transforms.lr_scale_at(epoch, training.epochs)
        batch_size = min(wanted, rows)
        batches = rows // batch_size
        updates = -(-batches // training.accumulation)
        plans.append(EpochPlan(epoch, size, batch_size, batches, updates, first, scale))
        first += updates
    return Plan(tuple(plans))
