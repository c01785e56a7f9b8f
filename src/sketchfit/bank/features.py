"""One forward pass of a frozen backbone over all images."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.bank.cache import MakeArray, Stored, features_key, is_random, open_stored
from sketchfit.bank.extractor import Extractor, MakePicture, NotFiniteError
from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store
from sketchfit.data.stores import cache_folder
from sketchfit.data.table import Table
from sketchfit.errors import UserError
from sketchfit.models.pooling import NoFeaturesError
from sketchfit.tracking.console import Console, duration
from sketchfit.wording import counted

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class BankFeatures:
    """Pooled outputs of a frozen backbone for all images of both tables, on disk where the cache can be written.

    Attributes:
        train_stored, test_stored: as they are on disk.
        train_readable, test_readable: bool [N] and [M], rows whose image was read; the features of others are zeros.
    """

    train_stored: Stored
    test_stored: Stored
    train_readable: NDArray[np.bool_]
    test_readable: NDArray[np.bool_]

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of features per block: stages, mean and maximum of the last map; they sum to D."""
        return self.train_stored.widths

    @property
    def train(self) -> Floats:
        """Features of the training rows, float32 [N, D]; read from disk at each access, so keep it no longer than
        necessary."""
        return self.train_stored.read()

    @property
    def test(self) -> Floats:
        """Features of the test rows, float32 [M, D]; read from disk at each access."""
        return self.test_stored.read()


def open_features(
    recipe: Recipe, table: Table, stores: tuple[Store, Store], device: torch.device, console: Console
) -> BankFeatures | None:
    """Return the frozen features of all images: from the cache, or from one pass over the images.

    The network is the recipe's at the start of its training: backbone, weights and input size. Random weights are those
    of the recipe's seed.

    Args:
        recipe: of a member.
        table: whose paths an error names.
        stores: of the training and the test images.
        device: on which the network computes.
        console: for the bar.

    Returns:
        None where the backbone has no features before its classifier, which is logged.

    Raises:
        UserError: the network cannot be built, or returns NaN or infinity for an image.
    """
    began, bank = time.monotonic(), _Bank(recipe, device)
    try:
        train, computed = bank.features(stores[0], table.train.paths, "training", console)
        test, computed_too = Stored(train.values[:0], train.widths, train.scales), False
        if len(table.test):
            test, computed_too = bank.features(stores[1], table.test.paths, "test", console)
    except NoFeaturesError as error:
        log.warning(f"no frozen features of {recipe.model.backbone}: {error}")
        return None
    origin = f"computed in {duration(time.monotonic() - began)}" if computed or computed_too else "from an earlier run"
    log.info(
        f"frozen features of {recipe.model.backbone}: {counted(len(train.values) + len(test.values), 'image')}, "
        f"{counted(sum(train.widths), 'value')} per image ({origin})"
    )
    return BankFeatures(train, test, stores[0].readable, stores[1].readable)


@dataclass(frozen=True)
class FeaturePass:
    """One pass of a frozen network over a store.

    Attributes:
        recipe: of the network, for the key.
        extractor: with the network, on its device.
        console: for the bar.
        view: name of the pictures; empty: entire images.
        picture: makes them; None: entire images.
    """

    recipe: Recipe
    extractor: Extractor
    console: Console
    view: str = ""
    picture: MakePicture | None = None

    @property
    def _kind(self) -> str:
        """Return what else the features depend on: random weights differ with the number of classes."""
        return f"{self.view} of {self.extractor.network.classes} classes" if is_random(self.recipe) else self.view

    def features(self, store: Store) -> Stored:
        """Return the features of all images: from the cache, or computed.

        Raises:
            UserError: the network returns NaN or infinity for an image.
        """
        key = features_key(self.recipe, store, self.extractor.compute.device, self._kind)
        title = " of ".join([f"frozen features of {self.recipe.model.backbone}", *([self.view] if self.view else [])])

        def extract(make_array: MakeArray) -> Stored:
            with self.console.bar(title, int(store.readable.sum())) as advance:
                return self.extractor.extract(store, lambda done: advance(done, ""), make_array, self.picture)

        try:
            return open_stored(cache_folder(self.recipe), key, len(store.errors), extract)[0]
        except NotFiniteError as error:
            raise not_finite(self.recipe, f"image {error.row + 1} of {len(store.errors)}") from error


@dataclass(frozen=True)
class _Bank:
    """A recipe's features; its network is built at most once, and only if something has to be computed."""

    recipe: Recipe
    device: torch.device

    @cached_property
    def _extractor(self) -> Extractor:
        return Extractor.of(self.recipe, self.device)

    def features(self, store: Store, paths: tuple[str, ...], what: str, console: Console) -> tuple[Stored, bool]:
        """Return the features of a store, and whether they were computed now."""
        key = features_key(self.recipe, store, self.device)

        def extract(make_array: MakeArray) -> Stored:
            with console.bar(f"frozen features of {what} images", int(store.readable.sum())) as advance:
                return self._extractor.extract(store, lambda done: advance(done, ""), make_array)

        try:
            return open_stored(cache_folder(self.recipe), key, len(store.errors), extract)
        except NotFiniteError as error:
            raise not_finite(self.recipe, paths[error.row]) from error


def not_finite(recipe: Recipe, image: str) -> UserError:
    """Return the error of a network that returns NaN or infinity for an image."""
    what = f"model: {recipe.model.backbone} returns NaN or infinity for {image}"
    return UserError(what, "Set compute.precision=fp32, or check the weights.")
