"""The plan of a training: what size, what batches, how many updates, epoch by epoch.

Known before the first step, so resuming needs no memory.
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
        batch_size: images a batch, over all processes.
        batches: batches of the epoch.
        updates: optimizer updates of the epoch.
        first_update: updates done before this epoch.
    """

    epoch: int
    size: int
    batch_size: int
    batches: int
    updates: int
    first_update: int


@dataclass(frozen=True)
class Plan:
    """All epochs of a training."""

    epochs: tuple[EpochPlan, ...]

    @property
    def total_updates(self) -> int:
        """Updates of the whole training."""
        return self.epochs[-1].first_update + self.epochs[-1].updates

    @property
    def images(self) -> int:
        """Images seen in the whole training, repetitions counted."""
        return sum(plan.batches * plan.batch_size for plan in self.epochs)


def make_plan(recipe: Recipe, rows: int) -> Plan:
    """Lay out the epochs for a number of training rows."""
    plans: list[EpochPlan] = []
    first = 0
    for epoch in range(recipe.training.epochs):
        batch_size = min(recipe.training.batch_size, rows)
        batches = rows // batch_size
        updates = -(-batches // recipe.training.accumulation)
        plans.append(EpochPlan(epoch, recipe.model.input_size, batch_size, batches, updates, first))
        first += updates
    return Plan(tuple(plans))
