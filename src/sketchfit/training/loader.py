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
class SharedBatch:
    """The samples of a batch, divided among processes.

    Attributes:
        number: of the batch in its epoch.
        shares: samples of each process, int64 each; some may have none.
        rank: of this process.
    """

    number: int
    shares: Sequence[NDArray[np.int64]]
    rank: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of samples of each process."""
        return tuple(map(len, self.shares))

    @property
    def own(self) -> NDArray[np.int64]:
        """Samples of this process; the first of the batch, which does not count, where it has none."""
        share = self.shares[self.rank]
        return share if len(share) else self.shares[0][:1]

    @property
    def own_places(self) -> slice:
        """Places of `own` in the batch."""
        start = sum(self.sizes[: self.rank]) if self.sizes[self.rank] else 0
        return slice(start, start + len(self.own))


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
        training, transforms = self.job.recipe.training, self.job.recipe.transforms
        batches = self._batches(epoch, stored=frozen is not None)[first_batch:]
        pictured = _pictured_epoch(epoch, frozen)
        mixes = transforms.mixes_at(epoch.epoch, training.epochs)
        group: list[Micro] = []
        for batch, images in zip(batches, self._inputs(epoch, batches, frozen), strict=True):
            micro = self._mixed_share(images, batch, pictured) if mixes else self._micro(images, batch.own, pictured)
            group.append(self._counted(micro, batch))
            if len(group) == training.accumulation or batch is batches[-1]:
                yield group
                group = []

    def _batches(self, epoch: EpochPlan, stored: bool) -> list[SharedBatch]:
        """Return all batches of an epoch.

        Args:
            epoch: size and number of its batches.
            stored: whether the inputs are stored: then a row that occurs several times has one picture.
        """
        job, engine = self.job, self.engine
        order = sampled_order(job.train_rows, job.label, job.recipe.training.class_power, job.seed, epoch.epoch)
        batches = split_batches(order if stored else number_samples(order), epoch.batch_size)
        return [
            SharedBatch(number, np.array_split(samples, engine.processes), engine.rank)
            for number, samples in enumerate(batches)
        ]

    def _inputs(
        self, epoch: EpochPlan, batches: Sequence[SharedBatch], frozen: FrozenFeatures | MapCopy | None
    ) -> Iterable[torch.Tensor]:
        """Return what the network gets of this process's share of each batch."""
        shares = [batch.own for batch in batches]
        return self._pictures(epoch, shares) if frozen is None else map(frozen.of, shares)

    def _counted(self, micro: Micro, batch: SharedBatch) -> Micro:
        """Return a batch with the number of rows that each process has."""
        return micro if self.engine.processes == 1 else replace(micro, counts=batch.sizes)

    def _mixed_share(self, images: torch.Tensor, batch: SharedBatch, epoch: EpochPlan) -> Micro:
        """Return this process's share of a mixed batch: rows are mixed with those of all processes, as in one.

        Args:
            images: of `batch.own`.
            batch: samples of each process.
            epoch: of the pictures.
        """
        engine, mixing = self.engine, self.job.recipe.transforms.mixing

        def rng() -> np.random.Generator:
            return sample_rng(self.job.seed, epoch.epoch, batch.number, BATCH_STREAM)

        if engine.processes == 1 or not will_mix(mixing, rng()):
            return _mixed(self._micro(images, batch.own, epoch), mixing, rng())
        every = torch.cat(engine.rows_of_all(images, batch.sizes))
        if self.job.recipe.compute.channels_last:
            every = every.contiguous(memory_format=torch.channels_last)
        mixed = _mixed(self._micro(every, np.concatenate(batch.shares), epoch), mixing, rng())
        return _part(mixed, batch.own_places)

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
        before = torch.from_numpy(self._classes_before(samples, epoch)).to(self.engine.device)
        after = before.argsort(dim=1)  # the inverse permutation: for each class as stored, that of the turned drawing
        label = after.gather(1, micro.label[:, None])[:, 0]
        teacher = None if micro.teacher is None else micro.teacher.gather(1, before)
        return replace(micro, targets=micro.targets.gather(1, before), label=label, teacher=teacher)

    def _classes_before(self, samples: NDArray[np.int64], epoch: EpochPlan) -> NDArray[np.int64]:
        """Return int64 [B, C]: for each class of the turned drawing, the class of the drawing as it is stored."""
        job, augment, generator = self.job, augment_of(self.job, epoch), random_of(self.job, epoch)
        before = np.empty((len(samples), job.class_count), dtype=np.int64)
        for place, sample in enumerate(samples.tolist()):
            operations = augment.applied(generator(sample))
            before[place] = job.mirroring.classes_before(operations, job.class_count)
        return before

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


def _pictured_epoch(epoch: EpochPlan, frozen: FrozenFeatures | MapCopy | None) -> EpochPlan:
    """Return the epoch whose pictures an epoch trains on: another one where stored outputs are those of its copy."""
    if isinstance(frozen, MapCopy) and frozen.look is not None:
        return frozen.look
    return epoch


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
    parts = {"targets": micro.targets}
    if micro.weight is not None:
        parts["weight"] = micro.weight[:, None]
    if micro.teacher is not None:
        parts["teacher"] = micro.teacher
    images, joined = mix(micro.images, torch.cat(list(parts.values()), dim=1), section, rng)
    mixed = dict(zip(parts, torch.split(joined, [part.shape[1] for part in parts.values()], dim=1), strict=True))
    weight = mixed["weight"][:, 0] if "weight" in mixed else None
    return Micro(images, mixed["targets"], micro.label, weight, mixed.get("teacher"))
