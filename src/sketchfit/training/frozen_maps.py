"""Training on stored outputs of frozen stages: each epoch then only costs what is above them.

The output is computed once per augmented copy of all images, for `model.freeze.copies` copies per stage of the
curriculum; an epoch trains on one of them. A copy is what the pictures of one epoch look like, which is a pure function
of seed, epoch and row. So folds share the copies, and with as many copies as epochs, the training is the same as
without (up to float16), apart from rows that `training.sampling` repeats within an epoch: a copy has one of each row.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sketchfit._timm import timm
from sketchfit.config.policies import policy_of
from sketchfit.config.recipe import Recipe
from sketchfit.data.stores import cache_folder
from sketchfit.models.backend import Backend, Floats
from sketchfit.models.compute import Compute
from sketchfit.models.map_backend import build_map_backend, choose_map_backend
from sketchfit.models.network import Network, Normalisation, to_input
from sketchfit.models.split import SplitModel, split_model
from sketchfit.runs.fingerprint import digest
from sketchfit.training.job import FitJob
from sketchfit.training.map_cache import Half, open_maps
from sketchfit.training.pictures import augmented, entire
from sketchfit.training.plan import EpochPlan

LARGEST = 65504.0
"""Of float16."""

MOST_VALUES = 2
"""Per value of a picture; larger maps are not worth their place."""

VERSION = 2
"""Increased when the same stages would give other maps."""


@dataclass(frozen=True)
class MapCopy:
    """Maps of one augmented copy of the images.

    Attributes:
        look: the epoch whose pictures these are; None: they are the entire pictures, without augmentation.
        values: float16 [N, …], of all rows of the store.
        compute: device and memory format.
    """

    look: EpochPlan | None
    values: Half
    compute: Compute

    def of(self, rows: NDArray[np.int64]) -> Tensor:
        """Maps float32 [B, …] of rows of the store."""
        maps = torch.from_numpy(self.values[rows]).to(self.compute.device).float()
        if maps.ndim == 4 and self.compute.channels_last:
            return maps.contiguous(memory_format=torch.channels_last)
        return maps


@dataclass(frozen=True)
class FrozenMaps:
    """The frozen stages of a training, and where their output is stored.

    Attributes:
        job: the training.
        normalisation: of the images.
        compute: device, precision and memory format.
        split: the model in two parts.
        backend: name of the backend of the lower part.
        name: digest of the frozen stages.
        built: the backend, once it was used.
    """

    job: FitJob
    normalisation: Normalisation
    compute: Compute
    split: SplitModel
    backend: str
    name: str
    built: list[Backend] = field(default_factory=list)

    def copy_of(self, epoch: EpochPlan) -> MapCopy:
        """Return the copy on which an epoch trains, computed if it is not stored.

        Raises:
            OSError: there is no space for it.
            FloatingPointError: a value does not fit in float16.
        """
        return self._copy(replace(epoch, epoch=copied_epoch(self.job.recipe, epoch.epoch)))

    def entire(self) -> MapCopy:
        """Return the maps of the pictures without augmentation, computed if they are not stored; it raises the same."""
        return self._copy(None)

    def in_memory(self, epoch: EpochPlan) -> MapCopy:
        """Return a copy of few images that is not stored; to measure how long that takes."""
        return MapCopy(epoch, np.concatenate(list(self._parts(epoch))).astype(np.float16), self.compute)

    def _copy(self, look: EpochPlan | None) -> MapCopy:
        shape = (len(self.job.label), *self.split.shape)
        values = open_maps(cache_folder(self.job.recipe), self._key(look), shape, lambda: self._parts(look))
        return MapCopy(look, values, self.compute)

    def _key(self, look: EpochPlan | None) -> str:
        job = self.job
        images = [job.store.folder.name, len(job.label), job.recipe.model.size]
        if look is None:
            return digest(VERSION, self.name, images)[:24]
        policy = policy_of(job.recipe.transforms, look.epoch, job.recipe.training.epochs)
        left_out = {str(number): sorted(names) for number, names in job.mirroring.left_out.items()}
        return digest(
            VERSION,
            self.name,
            images,
            [(op.op, op.model_dump(mode="json")) for op in policy],
            [job.seed, look.epoch],
            [left_out, job.label.tolist()] if left_out else [],
        )[:24]

    def _parts(self, look: EpochPlan | None) -> Iterator[Floats]:
        """Yield the maps of all rows in order, float32."""
        step, rows = self.job.recipe.inference.batch_size, np.arange(len(self.job.label))
        batches = [rows[start : start + step] for start in range(0, len(rows), step)]
        lower = Network(self.split.lower, self.normalisation)
        for batch in entire(self.job, batches) if look is None else augmented(self.job, look, batches):
            if not self.built:
                self.built.append(build_map_backend(self.backend, lower, self.compute, batch.images))
            maps = self.built[0](batch.images)
            if not np.abs(maps).max() <= LARGEST:  # written so that NaN is too large
                raise FloatingPointError("the output of the frozen layers does not fit in float16")
            yield maps


def copied_epoch(recipe: Recipe, epoch: int) -> int:
    """Return the epoch whose pictures an epoch trains on: one of the first `model.freeze.copies` of its stage of the
    curriculum."""
    transforms, epochs = recipe.transforms, recipe.training.epochs
    stage = transforms.stage(epoch, epochs)
    first = next(one for one in range(epochs) if transforms.stage(one, epochs) == stage)
    return first + (epoch - first) % recipe.model.freeze.copies


def count_copies(recipe: Recipe) -> int:
    """Return the number of copies on which the epochs of a training train, if all of them train on copies."""
    epochs = recipe.training.epochs
    return len({copied_epoch(recipe, epoch) for epoch in range(epochs)})


def find_maps(job: FitJob, model: nn.Module, normalisation: Normalisation, device: torch.device) -> FrozenMaps | None:
    """Split a model where its frozen stages end.

    Args:
        job: the training.
        model: after `apply_freezing`, unwrapped, on its device; left in the modes that it has.
        normalisation: of its input.
        device: of the model.

    Returns:
        None where it cannot be split so that both parts compute the same as the model, or where the maps are large.
    """
    recipe = job.recipe
    size, compute = recipe.model.size, Compute.of(recipe.compute, device)
    if device.type == "cpu":
        compute = replace(compute, precision="fp32")  # so that a runtime can compute them
    images = _two_pictures(job, normalisation, compute)
    split = split_model(model, images)
    if split is None or math.prod(split.shape) > MOST_VALUES * images[0].numel():
        return None
    lower = Network(split.lower, normalisation)
    pictures = count_copies(recipe) * len(job.label)
    backend = choose_map_backend(lower, compute, size, pictures, recipe.inference.backend)
    name = name_of_lower(recipe, lower, split, backend, compute)
    return FrozenMaps(job, normalisation, compute, split, backend, name)


def name_of_lower(recipe: Recipe, lower: Network, split: SplitModel, backend: str, compute: Compute) -> str:
    """Return the digest of all that decides what a frozen lower part returns for a picture."""
    return digest(
        [timm.__version__, recipe.model.backbone, recipe.model.args, split.entry, split.shape],
        [lower.normalisation.mean, lower.normalisation.std],
        [backend, compute.device.type, compute.precision, recipe.inference.batch_size],
        _weights_digest(lower.model),
    )


def may_use_maps(recipe: Recipe, epoch: EpochPlan) -> bool:
    """Return whether an epoch of a recipe can train on maps, so far as the settings decide it."""
    freeze, training = recipe.model.freeze, recipe.training
    return (
        freeze.copies > 0
        and freeze.train in ("from", "head")
        and (freeze.epochs == 0 or epoch.epoch < freeze.epochs)
        and epoch.size == recipe.model.size
        and recipe.loss.supcon == 0
        and not recipe.transforms.mixes_at(epoch.epoch, training.epochs)
        and not training.grad_checkpointing
        and not recipe.compute.compile
    )


def _two_pictures(job: FitJob, normalisation: Normalisation, compute: Compute) -> Tensor:
    images = torch.from_numpy(next(entire(job, [np.resize(job.train_rows, 2)])).images)
    return to_input(images, normalisation, compute.device, compute.channels_last)


def _weights_digest(module: nn.Module) -> str:
    """Return the digest of all weights and running statistics."""
    found = hashlib.blake2b(digest_size=16)
    for name, value in sorted(module.state_dict().items()):
        found.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        found.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
