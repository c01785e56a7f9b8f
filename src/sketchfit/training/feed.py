"""From rows of the store to batches on the device, grouped into updates."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from sketchfit.data.batches import Batch, load_batches, split_batches
from sketchfit.data.sampling import sampled_order
from sketchfit.models.backbone import Normalisation, to_input
from sketchfit.training.job import FitJob
from sketchfit.training.plan import EpochPlan
from sketchfit.training.step import Micro
from sketchfit.transforms.augment import augment_for
from sketchfit.transforms.mixing import mix
from sketchfit.transforms.rng import sample_rng

BATCH_STREAM = 1
"""Stream of random numbers of a batch (mixing), beside stream 0 of its images."""


def updates(
    job: FitJob, epoch: EpochPlan, epochs: int, first_batch: int, normalisation: Normalisation, engine: Accelerator
) -> Generator[list[Micro], None, None]:
    """Batches of an epoch from `first_batch` on, grouped into updates; each process gets its share of every batch."""
    recipe = job.recipe
    power = recipe.training.class_power
    order = sampled_order(job.train_rows, job.label, power, job.seed, epoch.epoch)
    batches = split_batches(order, epoch.batch_size)
    numbers = range(first_batch, len(batches))
    mine = [np.array_split(batches[number], engine.num_processes)[engine.process_index] for number in numbers]
    augment = augment_for(recipe.transforms, epoch.size, epoch.epoch, epochs)
    loaded = load_batches(
        job.store, mine, augment, lambda row: sample_rng(job.seed, epoch.epoch, row), recipe.compute.threads
    )
    mixes = recipe.transforms.mixes_at(epoch.epoch, epochs)
    group: list[Micro] = []
    for number, batch in zip(numbers, loaded, strict=True):
        micro = _to_device(job, batch, normalisation, engine)
        if mixes:
            stream = number * engine.num_processes + engine.process_index
            rng = sample_rng(job.seed, epoch.epoch, stream, BATCH_STREAM)
            micro = Micro(*mix(micro.images, micro.targets, recipe.transforms.mixing, rng), micro.label)
        group.append(micro)
        if len(group) == recipe.training.accumulation or number == len(batches) - 1:
            yield group
            group = []


def _to_device(job: FitJob, batch: Batch, normalisation: Normalisation, engine: Accelerator) -> Micro:
    images = torch.from_numpy(batch.images)
    if engine.device.type == "cuda":
        images = images.pin_memory()  # so that the copy overlaps with computing
    inputs = to_input(images, normalisation, engine.device, job.recipe.compute.channels_last)
    label = torch.from_numpy(job.label[batch.rows]).to(engine.device, non_blocking=True)
    return Micro(inputs, nn.functional.one_hot(label, job.class_count).to(torch.float32), label)
