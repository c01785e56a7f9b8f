"""The data loader: from rows of the store to batches on the device, grouped into updates."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sketchfit.config.training import ComputeSection
from sketchfit.config.transforms import MixingSection
from sketchfit.data.batches import split_batches
from sketchfit.data.samples import number_samples, rows_of
from sketchfit.data.sampling import sampled_order
from sketchfit.models.network import Normalisation, to_input
from sketchfit.processors import cores
from sketchfit.training.engine import Engine
from sketchfit.training.frozen_features import FrozenFeatures
from sketchfit.training.frozen_maps import MapCopy
from sketchfit.training.job import FitJob, SoftTargets, TeacherTargets
from sketchfit.training.micro import Micro
from sketchfit.training.pictures import augment_of, augmented, random_of
from sketchfit.training.plan import EpochPlan
from sketchfit.transforms.mixing import mix, will_mix
from sketchfit.transforms.rng import sample_rng

BATCH_STREAM = 1
"""Stream of random numbers of a batch (mixing); stream 0 is that of its images."""

MOST_PROCESSES = 16
"""Processes that make pictures for a GPU, with `compute.processes=auto`."""


def count_processes(section: ComputeSection, device: torch.device) -> int:
    """Return the number of processes that make the pictures of a training; 0: threads make them."""
    if section.processes != "auto":
        return section.processes
    if device.type != "cuda":
        return 0
    return min(MOST_PROCESSES, cores(), max(torch.get_num_threads(), section.threads))


@dataclass(frozen=True)
class DataLoader:
    """Makes the batches of a training, in this process.

    Attributes:
        job: the training.
        normalisation: of the network's input.
        engine: device and processes; each process gets its share of every batch.
    """

    job: FitJob
    normalisation: Normalisation
    engine: Engine

    def updates(
        self, epoch: EpochPlan, first_batch: int = 0, frozen: FrozenFeatures | MapCopy | None = None
    ) -> Generator[list[Micro], None, None]:
        """Yield the batches of an epoch, grouped into updates.

        Args:
            epoch: size and number of its batches.
            first_batch: number of the first batch, where an epoch is resumed.
            frozen: features or maps that are returned instead of pictures, where they are known.
        """
        job, engine, recipe = self.job, self.engine, self.job.recipe
        order = sampled_order(job.train_rows, job.label, recipe.training.class_power, job.seed, epoch.epoch)
        samples = number_samples(order) if frozen is None else order  # what is stored has one picture of each row
        batches = split_batches(samples, epoch.batch_size)
        numbers = range(first_batch, len(batches))
        shares = [np.array_split(batches[number], engine.processes) for number in numbers]
        mine = [share[engine.rank] if len(share[engine.rank]) else share[0][:1] for share in shares]
        inputs: Iterable[torch.Tensor]
        inputs = self._pictures(epoch, mine) if frozen is None else (frozen.of(rows) for rows in mine)
        look = (frozen.look if isinstance(frozen, MapCopy) else None) or epoch
        mixes = recipe.transforms.mixes_at(epoch.epoch, recipe.training.epochs)
        group: list[Micro] = []
        for number, share, own, images in zip(numbers, shares, mine, inputs, strict=True):
            micro = self._mixed(images, own, share, number, look) if mixes else self._micro(images, own, look)
            group.append(self._counted(micro, share))
            if len(group) == recipe.training.accumulation or number == len(batches) - 1:
                yield group
                group = []

    def _counted(self, micro: Micro, shares: Sequence[NDArray[np.int64]]) -> Micro:
        """Return a batch with the number of rows that each process has."""
        return micro if self.engine.processes == 1 else replace(micro, counts=tuple(map(len, shares)))

    def _mixed(
        self,
        images: torch.Tensor,
        samples: NDArray[np.int64],
        shares: Sequence[NDArray[np.int64]],
        number: int,
        epoch: EpochPlan,
    ) -> Micro:
        """Return this process's share of a mixed batch: rows are mixed with those of all processes, as in one.

        Args:
            images: of this process's share, or one that does not count.
            samples: of these images.
            shares: samples of each process.
            number: of the batch in its epoch.
            epoch: of the batch.
        """
        engine, mixing = self.engine, self.job.recipe.transforms.mixing

        def rng() -> np.random.Generator:
            return sample_rng(self.job.seed, epoch.epoch, number, BATCH_STREAM)

        if engine.processes == 1 or not will_mix(mixing, rng()):
            return _mixed(self._micro(images, samples, epoch), mixing, rng())
        every = torch.cat(engine.rows_of_all(images, tuple(map(len, shares))))
        if self.job.recipe.compute.channels_last:
            every = every.contiguous(memory_format=torch.channels_last)
        mixed = _mixed(self._micro(every, np.concatenate(shares), epoch), mixing, rng())
        first = sum(map(len, shares[: engine.rank])) if len(shares[engine.rank]) else 0
        return _part(mixed, slice(first, first + len(samples)))

    def _pictures(self, epoch: EpochPlan, batches: Sequence[NDArray[np.int64]]) -> Generator[torch.Tensor, None, None]:
        """Yield the network's input of each batch, float [B, 3, size, size] on the device."""
        job, recipe, device = self.job, self.job.recipe, self.engine.device
        for batch in augmented(job, epoch, batches, count_processes(recipe.compute, device)):
            images = torch.from_numpy(batch.images)
            if device.type == "cuda":
                images = images.pin_memory()  # so that only the device waits for the copy
            yield to_input(images, self.normalisation, device, recipe.compute.channels_last)

    def _micro(self, inputs: torch.Tensor, samples: NDArray[np.int64], epoch: EpochPlan) -> Micro:
        """Return a batch with its targets: those of the class that a flipped drawing shows."""
        micro = self._unturned(inputs, rows_of(samples))
        if not self.job.mirroring.becomes:
            return micro
        shown = torch.from_numpy(self._shown(samples, epoch)).to(self.engine.device)
        teacher = None if micro.teacher is None else micro.teacher.gather(1, shown)
        label = shown.argsort(dim=1).gather(1, micro.label[:, None])[:, 0]
        return replace(micro, targets=micro.targets.gather(1, shown), label=label, teacher=teacher)

    def _shown(self, samples: NDArray[np.int64], epoch: EpochPlan) -> NDArray[np.int64]:
        """Return int64 [B, C]: for each class of the turned drawing, the class of the drawing as it is stored."""
        job, augment, generator = self.job, augment_of(self.job, epoch), random_of(self.job, epoch)
        shown = np.tile(np.arange(job.class_count), (len(samples), 1))
        for place, sample in enumerate(samples.tolist()):
            for name in augment.applied(generator(sample)):
                if name in job.mirroring.becomes:
                    shown[place] = shown[place][job.mirroring.becomes[name]]
        return shown

    def _unturned(self, inputs: torch.Tensor, rows: NDArray[np.int64]) -> Micro:
        """Return a batch with the targets of the drawings as they are stored."""
        job, device = self.job, self.engine.device
        label = torch.from_numpy(job.label[rows]).to(device, non_blocking=True)
        targets = nn.functional.one_hot(label, job.class_count).to(torch.float32)
        teacher = None
        if job.teacher is not None:
            teacher = torch.from_numpy(_teacher_targets(job.teacher, rows)).to(device)
        if job.soft is None:
            return Micro(inputs, targets, label, teacher=teacher)
        place, weight = _soft_places(job.soft, rows)
        soft = torch.from_numpy(place >= 0).to(device)
        targets[soft] = torch.from_numpy(job.soft.prob[place[place >= 0]]).to(device)
        return Micro(inputs, targets, label, torch.from_numpy(weight).to(device), teacher)


def _teacher_targets(teacher: TeacherTargets, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the teacher's probabilities of these rows, float32 [B, C]; a job has those of every training row."""
    found: NDArray[np.float32] = teacher.prob[np.searchsorted(teacher.row, rows)]
    return found


def _soft_places(soft: SoftTargets, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the place of each row among the soft targets, -1 where it is not one of them, and its weight."""
    if not len(soft.row):
        return np.full(len(rows), -1), np.ones(len(rows), dtype=np.float32)
    near = np.minimum(np.searchsorted(soft.row, rows), len(soft.row) - 1)
    found = soft.row[near] == rows
    return np.where(found, near, -1), np.where(found, soft.weight[near], 1).astype(np.float32)


def _part(micro: Micro, rows: slice) -> Micro:
    """Return some rows of a batch."""
    return Micro(
        micro.images[rows],
        micro.targets[rows],
        micro.label[rows],
        None if micro.weight is None else micro.weight[rows],
        None if micro.teacher is None else micro.teacher[rows],
    )


def _mixed(micro: Micro, section: MixingSection, rng: np.random.Generator) -> Micro:
    """Return the mixed batch; weights and teacher targets are mixed in the same shares as the targets."""
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
