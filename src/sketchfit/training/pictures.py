"""The pictures of a training: augmented as in an epoch, a pure function of seed, epoch and sample, or entire."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.batches import Batch, load_batches, no_randomness
from sketchfit.data.picture_processes import picture_processes
from sketchfit.data.picture_source import PictureSource
from sketchfit.data.samples import rows_of
from sketchfit.data.store import Store
from sketchfit.data.store_files import IMAGES
from sketchfit.training.job import FitJob
from sketchfit.training.plan import EpochPlan
from sketchfit.transforms.augment import Augment, augment_for, eval_augment
from sketchfit.transforms.rng import EpochRandomness


def augment_of(job: FitJob, epoch: EpochPlan) -> Augment:
    """Return the augmentation of an epoch."""
    recipe = job.recipe
    return augment_for(recipe.transforms, epoch.size, epoch.epoch, recipe.training.epochs)


def random_of(job: FitJob, epoch: EpochPlan) -> EpochRandomness:
    """Return the random generators of the samples of an epoch."""
    return EpochRandomness(job.seed, epoch.epoch)


def augmented(
    job: FitJob, epoch: EpochPlan, batches: Sequence[NDArray[np.int64]], processes: int = 0
) -> Iterator[Batch]:
    """Return the pictures of batches in order, uint8 [B, size, size, C], prepared ahead.

    Args:
        job: the training.
        epoch: number and input size.
        batches: rows of the store, or samples, int64 [B].
        processes: that prepare them; 0: the threads of `compute.threads` do, as where the store is not one on disk.
    """
    augment = augment_of(job, epoch)
    unturned = {number: augment.without(names) for number, names in job.mirroring.left_out.items()}
    special = {
        int(row): unturned[number]
        for rows in (map(rows_of, batches) if unturned else ())
        for row, number in zip(rows, job.label[rows].tolist(), strict=True)
        if number in unturned
    }

    generator = random_of(job, epoch)
    if processes and _is_on_disk(job.store):
        shape = (epoch.size, epoch.size, job.store.images.shape[-1])
        source = PictureSource(job.store.folder, shape, augment, generator, special)
        return picture_processes(processes).batches(source, batches)
    return load_batches(job.store, batches, augment, generator, job.recipe.compute.threads, special)


def _is_on_disk(store: Store) -> bool:
    """Return whether another process finds the images of a store in its folder."""
    images = store.images
    if not isinstance(images, np.memmap) or len(images) != len(store.errors):
        return False
    return Path(str(images.filename)).resolve() == (store.folder / IMAGES).resolve()


def entire(job: FitJob, batches: Sequence[NDArray[np.int64]]) -> Iterator[Batch]:
    """Yield the pictures of batches at the full size, without augmentation."""
    augment, threads = eval_augment(job.recipe.model.size), job.recipe.compute.threads
    return load_batches(job.store, batches, augment, no_randomness, threads)
