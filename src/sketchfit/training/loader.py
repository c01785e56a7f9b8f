"""From rows of the store to batches on the device, grouped into updates."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sketchfit.config.transforms import MixingSection
from sketchfit.data.batches import load_batches, split_batches
from sketchfit.data.sampling import sampled_order
from sketchfit.models.network import Normalisation, to_input
from sketchfit.training.engine import Engine
from sketchfit.training.frozen_features import FrozenFeatures
from sketchfit.training.job import FitJob, SoftTargets, TeacherTargets
from sketchfit.training.plan import EpochPlan
from sketchfit.training.step import Micro
from sketchfit.transforms.augment import augment_for
from sketchfit.transforms.mixing import mix
from sketchfit.transforms.rng import sample_rng

BATCH_STREAM = 1
"""Stream of random numbers of a batch (mixing), beside stream 0 of its images."""


def updates(
    job: FitJob,
    epoch: EpochPlan,
    epochs: int,
    first_batch: int,
    normalisation: Normalisation,
    engine: Engine,
    features: FrozenFeatures | None = None,
) -> Generator[list[Micro], None, None]:
    """Batches of an epoch from `first_batch` on, grouped into updates; each process gets its share of every batch.

    Args:
        features: given out instead of pictures, where they are known.
    """
    recipe = job.recipe
    power = recipe.training.class_power
    order = sampled_order(job.train_rows, job.label, power, job.seed, epoch.epoch)
    batches = split_batches(order, epoch.batch_size)
    numbers = range(first_batch, len(batches))
    mine = [np.array_split(batches[number], engine.processes)[engine.rank] for number in numbers]
    inputs: Iterable[torch.Tensor]
    if features is None:
        inputs = _pictures(job, epoch, epochs, mine, normalisation, engine)
    else:
        inputs = (features.of(rows) for rows in mine)
    mixes = recipe.transforms.mixes_at(epoch.epoch, epochs)
    group: list[Micro] = []
    for number, rows, images in zip(numbers, mine, inputs, strict=True):
        micro = _micro(job, images, rows, engine)
        if mixes:
            stream = number * engine.processes + engine.rank
            rng = sample_rng(job.seed, epoch.epoch, stream, BATCH_STREAM)
            micro = _mixed(micro, recipe.transforms.mixing, rng)
        group.append(micro)
        if len(group) == recipe.training.accumulation or number == len(batches) - 1:
            yield group
            group = []


def _pictures(
    job: FitJob,
    epoch: EpochPlan,
    epochs: int,
    batches: Sequence[NDArray[np.int64]],
    normalisation: Normalisation,
    engine: Engine,
) -> Generator[torch.Tensor, None, None]:
    """The network's inputs, float [B, 3, size, size] on the device, batch by batch."""
    compute = job.recipe.compute
    augment = augment_for(job.recipe.transforms, epoch.size, epoch.epoch, epochs)
    loaded = load_batches(
        job.store, batches, augment, lambda row: sample_rng(job.seed, epoch.epoch, row), compute.threads
    )
    for batch in loaded:
        images = torch.from_numpy(batch.images)
        if engine.device.type == "cuda":
            images = images.pin_memory()  # so that nobody waits for the copy but the device
        yield to_input(images, normalisation, engine.device, compute.channels_last)


def _micro(job: FitJob, inputs: torch.Tensor, rows: NDArray[np.int64], engine: Engine) -> Micro:
    label = torch.from_numpy(job.label[rows]).to(engine.device, non_blocking=True)
    targets = nn.functional.one_hot(label, job.class_count).to(torch.float32)
    teacher = None
    if job.teacher is not None:
        teacher = torch.from_numpy(_taught(job.teacher, rows)).to(engine.device)
    if job.soft is None:
        return Micro(inputs, targets, label, teacher=teacher)
    place, weight = _soft_places(job.soft, rows)
    taught = torch.from_numpy(place >= 0).to(engine.device)
    targets[taught] = torch.from_numpy(job.soft.prob[place[place >= 0]]).to(engine.device)
    return Micro(inputs, targets, label, torch.from_numpy(weight).to(engine.device), teacher)


def _taught(teacher: TeacherTargets, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """The teacher's probabilities of these rows, float32 [B, C]; a job has them of every training row."""
    found: NDArray[np.float32] = teacher.prob[np.searchsorted(teacher.row, rows)]
    return found


def _soft_places(soft: SoftTargets, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Where each row stands among the soft targets, -1 where it is none of them, and its weight."""
    if not len(soft.row):
        return np.full(len(rows), -1), np.ones(len(rows), dtype=np.float32)
    near = np.minimum(np.searchsorted(soft.row, rows), len(soft.row) - 1)
    found = soft.row[near] == rows
    return np.where(found, near, -1), np.where(found, soft.weight[near], 1).astype(np.float32)


def _mixed(micro: Micro, section: MixingSection, rng: np.random.Generator) -> Micro:
    """The batch mixed; a mixed picture's weight and teacher are its parts', in the shares of its target."""
    weight, teacher = micro.weight, micro.teacher
    parts = [micro.targets, *([] if weight is None else [weight[:, None]]), *([] if teacher is None else [teacher])]
    images, joined = mix(micro.images, torch.cat(parts, dim=1), section, rng)
    mixed = list(torch.split(joined, [part.shape[1] for part in parts], dim=1))
    targets = mixed.pop(0)
    return Micro(
        images,
        targets,
        micro.label,
        None if weight is None else mixed.pop(0)[:, 0],
        None if teacher is None else mixed.pop(0),
    )
