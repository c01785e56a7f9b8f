"""The pictures of a training: augmented as they look in an epoch, a pure function of seed, epoch and row, or entire."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.batches import Batch, load_batches, no_randomness
from sketchfit.training.job import FitJob
from sketchfit.training.plan import EpochPlan
from sketchfit.transforms.augment import Augment, augment_for, eval_augment
from sketchfit.transforms.rng import sample_rng


def augment_of(job: FitJob, epoch: EpochPlan) -> Augment:
    """Return the augmentation of an epoch."""
    recipe = job.recipe
    return augment_for(recipe.transforms, epoch.size, epoch.epoch, recipe.training.epochs)


def augmented(job: FitJob, epoch: EpochPlan, batches: Sequence[NDArray[np.int64]]) -> Iterator[Batch]:
    """Yield the pictures of batches, uint8 [B, size, size, C], prepared ahead by threads.

    Args:
        job: the training.
        epoch: number and input size.
        batches: rows of the store, int64 [B].
    """
    augment = augment_of(job, epoch)
    unturned = {number: augment.without(names) for number, names in job.mirroring.left_out.items()}
    special = {
        int(row): unturned[number]
        for rows in (batches if unturned else ())
        for row, number in zip(rows, job.label[rows].tolist(), strict=True)
        if number in unturned
    }

    def generator(row: int) -> np.random.Generator:
        return sample_rng(job.seed, epoch.epoch, row)

    return load_batches(job.store, batches, augment, generator, job.recipe.compute.threads, special)


def entire(job: FitJob, batches: Sequence[NDArray[np.int64]]) -> Iterator[Batch]:
    """Yield the pictures of batches at the full size, without augmentation."""
    augment, threads = eval_augment(job.recipe.model.size), job.recipe.compute.threads
    return load_batches(job.store, batches, augment, no_randomness, threads)
