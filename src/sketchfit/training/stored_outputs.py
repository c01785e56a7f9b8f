"""Outputs of a trained backbone whose lower part is frozen: only what is above that part is computed per fold.

What the lower part returns for the pictures without augmentation is computed once and stored next to the image stores,
so folds, members, runs and commands share it.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.bank.converted import TOLERANCE, difference_by_block
from sketchfit.bank.extractor import Extractor
from sketchfit.config.recipe import Recipe
from sketchfit.data.batches import load_batches, no_randomness
from sketchfit.data.store import Store
from sketchfit.data.stores import cache_folder
from sketchfit.models.backend import Floats
from sketchfit.models.backends import backends
from sketchfit.models.choose_backend import choose_backend, converts
from sketchfit.models.compare_backend import same_as_torch
from sketchfit.models.conversion.converted import ConvertedKind
from sketchfit.models.freezing import apply_freezing
from sketchfit.models.map_backend import build_map_backend
from sketchfit.models.network import Network
from sketchfit.models.split import split_model
from sketchfit.models.split_outputs import SplitOutputs, split_outputs
from sketchfit.runs.fingerprint import digest
from sketchfit.tracking.console import ONCE
from sketchfit.training.frozen_maps import LARGEST, MOST_VALUES, name_of_lower
from sketchfit.training.job import FitJob
from sketchfit.training.kernel_views import NamedPicture
from sketchfit.training.map_cache import Half, open_maps

log = logging.getLogger(__name__)

VERSION = 1
"""Increased when the same lower part would give other values."""

Rows = NDArray[np.int64]
Upper = Callable[[Floats], Floats]


@dataclass(frozen=True)
class StoredOutputs:
    """Computes what a pooling returns, above stored outputs of the frozen lower part.

    Attributes:
        recipe: of the network.
        extractor: of the entire network.
        parts: of its pooling.
        backend: name of the backend of both parts.
        name: digest of the lower part.
        built: the upper part, once it was used.
        opened: what the lower part returns, by its key, once it was used.
    """

    recipe: Recipe
    extractor: Extractor
    parts: SplitOutputs
    backend: str
    name: str
    built: list[Upper] = field(default_factory=list)
    opened: dict[str, Half] = field(default_factory=dict)

    @classmethod
    def of(cls, job: FitJob, extractor: Extractor) -> StoredOutputs | None:
        """Split a trained network; None where its lower part was not stored in training, or it is not converted.

        Args:
            job: of the training.
            extractor: of the network, in evaluation mode; it is not changed.
        """
        recipe, compute, network = job.recipe, extractor.compute, extractor.network
        backend = extractor.backend
        if backend == "auto":
            backend = choose_backend(network, compute, extractor.size, len(job.label))
        if not (_shares_lower(recipe) and converts(backend, compute)):
            return None
        model = copy.deepcopy(network.model)
        apply_freezing(model, recipe.model.freeze, recipe.training.epochs - 1, recipe.training.epochs)
        seed = torch.Generator().manual_seed(0)
        images = torch.randn((2, 3, extractor.size, extractor.size), generator=seed)
        split = split_model(model, images)
        parts = None if split is None else split_outputs(split, extractor.pooling, images)
        if split is None or parts is None or parts.width > MOST_VALUES * prod(images.shape[1:]):
            return None
        name = name_of_lower(recipe, Network(split.lower, network.normalisation), split, backend, compute)
        return cls(recipe, extractor, parts, backend, digest(name, extractor.pooling.stages, parts.width))

    def of_rows(self, store: Store, rows: Rows, picture: NamedPicture) -> Floats:
        """Return the outputs float32 [n, D] of rows int64 [n] of a store.

        Raises:
            OSError: there is no space for what the lower part returns.
            FloatingPointError: a value of that does not fit in float16.
        """
        stored, step = self.store(store, picture), self.extractor.batch_size
        found = np.empty((len(rows), sum(self.extractor.pooling.widths)), dtype=np.float32)
        for start in range(0, len(rows), step):
            values = stored[rows[start : start + step]].astype(np.float32)
            if not self.built:
                self.built.append(self._build(values))
            found[start : start + step] = self.built[0](values)
        return found

    def store(self, store: Store, picture: NamedPicture) -> Half:
        """Return what the lower part returns for all rows of a store, float16 [N, …], computed if it is not stored.

        It raises the same as `of_rows`.
        """
        count = len(store.errors)
        key = digest("outputs", VERSION, self.name, store.folder.name, count, self.extractor.size, picture.name)[:24]
        shape = (count, self.parts.width)
        if key not in self.opened:  # the content of a file is checked when it is opened
            cache = cache_folder(self.recipe)
            self.opened[key] = open_maps(cache, key, shape, lambda: self._pass(store, picture))
        return self.opened[key]

    def _pass(self, store: Store, picture: NamedPicture) -> Iterator[Floats]:
        """Yield what the lower part returns for all rows in order, float32."""
        extractor, rows = self.extractor, np.arange(len(store.errors))
        batches = [rows[start : start + extractor.batch_size] for start in range(0, len(rows), extractor.batch_size)]
        lower, forward = Network(self.parts.lower, extractor.network.normalisation), None
        augment = extractor.augment(picture.make)
        for batch in load_batches(store, batches, augment, no_randomness, extractor.threads):
            forward = forward or build_map_backend(self.backend, lower, extractor.compute, batch.images)
            values = forward(batch.images)
            if not np.abs(values).max() <= LARGEST:  # written so that NaN is too large
                raise FloatingPointError("the output of the frozen layers does not fit in float16")
            yield values

    def _build(self, values: Floats) -> Upper:
        """Return what computes the upper part; `values` are the first batch."""
        kind = backends.get(self.backend)
        assert issubclass(kind, ConvertedKind)
        built, why = same_as_torch(
            lambda: kind.build_module(self.parts.upper, values),
            values,
            self._in_torch,
            TOLERANCE,
            difference_by_block(self.extractor.pooling.widths),
        )
        if why:
            log.info(f"features by torch, {self.backend} is not used: {why}", extra={ONCE: f"features {self.backend}"})
        return built

    def _in_torch(self, values: Floats) -> Floats:
        with torch.inference_mode():
            found: Floats = self.parts.upper(torch.from_numpy(values)).numpy()
        return found


def _shares_lower(recipe: Recipe) -> bool:
    """Return whether the settings store what frozen layers return, and leave these layers as they are in all folds."""
    freeze, averaging = recipe.model.freeze, recipe.averaging
    frozen = freeze.copies > 0 and freeze.train in ("from", "head") and freeze.epochs == 0
    return frozen and averaging.soup == "none" and averaging.wise_ft == 1
