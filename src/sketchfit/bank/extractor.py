"""A frozen network, and its features of the images of a store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.bank.cache import MakeArray, Stored, is_random
from sketchfit.bank.converted import ConvertedForward, Forward
from sketchfit.config.head import HeadSection
from sketchfit.config.recipe import Recipe
from sketchfit.data.batches import Augment, load_batches, no_randomness
from sketchfit.data.store import Store
from sketchfit.errors import UserError
from sketchfit.interruption import STOPPED
from sketchfit.models.backbone import build_network
from sketchfit.models.choose_backend import check_backend, choose_backend, converts
from sketchfit.models.compute import Compute
from sketchfit.models.near_sizes import near_sizes_hint, takes_size
from sketchfit.models.network import Network, to_input
from sketchfit.models.pooling import NoFeaturesError, PooledModel, Pooling, find_pooling
from sketchfit.transforms.augment import eval_augment

Floats = NDArray[np.float32]

MakePicture = Callable[[NDArray[np.uint8], NDArray[np.uint8], int], NDArray[np.uint8]]
"""(image uint8 [S, S, C], paper uint8 [C], size) → uint8 [size, size, C]."""

SAVE_EVERY = 32
"""Batches after which a pass is saved."""

LARGEST = 65504.0
"""Of float16."""


@dataclass(frozen=True)
class Extractor:
    """A frozen network with everything that its features depend on.

    Attributes:
        network: on the device of `compute`, in evaluation mode.
        pooling: what is taken from it.
        compute: device, precision and memory format.
        size: side of its input in pixels.
        batch_size: pictures per forward pass.
        threads: that read and resize pictures of a store.
        backend: name of the inference backend, or `auto`.
        converted: the converted network by the name of its backend, once there is one; a conversion takes seconds.
    """

    network: Network
    pooling: Pooling
    compute: Compute
    size: int
    batch_size: int = 64
    threads: int = 2
    backend: str = "eager"
    converted: dict[str, Forward] = field(init=False, default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, recipe: Recipe, device: torch.device) -> Extractor:
        """Build a recipe's network as it is before training.

        Raises:
            UserError: it cannot be built, or does not compute at the recipe's input size.
            NoFeaturesError: it has none.
        """
        try:
            return cls.of_network(_frozen_network(recipe), recipe, device)
        except NoFeaturesError as error:
            if takes_size(recipe.model, recipe.model.size):
                raise
            what = f"{recipe.model.backbone} does not compute at {recipe.model.size} pixels: {error}"
            raise UserError(what, near_sizes_hint(recipe.model)) from error

    @classmethod
    def of_network(cls, network: Network, recipe: Recipe, device: torch.device) -> Extractor:
        """Take the features of a network, and move it to the device, in place.

        Raises:
            NoFeaturesError: it has none.
        """
        size = recipe.model.size
        network.model.to(device).eval()
        pooling = find_pooling(network.model, size, device)
        compute = Compute.of(recipe.compute, device)
        return cls(
            network,
            pooling,
            compute,
            size,
            recipe.inference.batch_size,
            recipe.compute.threads,
            recipe.inference.backend,
        )

    def extract(
        self, store: Store, progress: Callable[[int], None], make_array: MakeArray, picture: MakePicture | None = None
    ) -> Stored:
        """Compute the features of all images of a store; rows that could not be read are zeros.

        The memory does not grow with the number of images, apart from the array.

        Args:
            store: of n images.
            progress: called with the number of images done so far.
            make_array: makes the array float16 [n, D] in which the result is.
            picture: makes the picture of each image; None: the entire image.

        Where a signal stops it, the features so far are saved.

        Raises:
            NotFiniteError: the network returns NaN or infinity.
        """
        widths = self.pooling.widths
        so_far = make_array((len(store.errors), sum(widths)))
        values, scales, done = so_far.values, so_far.scales, so_far.done
        rows = np.flatnonzero(store.readable)
        batches = [rows[start : start + self.batch_size] for start in range(done, len(rows), self.batch_size)]
        forward = self.forward(len(rows) - done)
        parts = load_batches(store, batches, self.augment(picture), no_randomness, self.threads)
        try:
            for number, batch in enumerate(parts, 1):
                found = forward(batch.images)
                if not (finite := np.isfinite(found).all(axis=1)).all():
                    raise NotFiniteError(int(batch.rows[~finite][0]))
                scales = scales or _scales(found, widths)
                found /= np.repeat(np.array(scales, dtype=np.float32), widths)
                values[batch.rows] = np.clip(found, -LARGEST, LARGEST)
                progress(done := done + len(batch.rows))
                if number % SAVE_EVERY == 0:
                    so_far.save(done, scales, int(batch.rows[-1]) + 1)
        except STOPPED:
            if done > so_far.done:
                so_far.save(done, scales, int(rows[done - 1]) + 1)
            raise
        return Stored(values, widths, scales or (1.0,) * len(widths))

    def of_rows(self, store: Store, rows: NDArray[np.int64], picture: MakePicture | None = None) -> Floats:
        """Return the features float32 [n, D] of rows int64 [n] of a store; `picture` as in `extract`."""
        batches = [rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size)]
        parts = load_batches(store, batches, self.augment(picture), no_randomness, self.threads)
        forward = self.forward(len(rows))
        return np.concatenate([forward(batch.images) for batch in parts])

    def forward(self, images: int) -> Forward:
        """Return what computes the features of so many images: converted where the backend is and that pays."""
        if self.converted:
            return next(iter(self.converted.values()))
        name = self.backend
        if name == "auto":
            name = choose_backend(self.network, self.compute, self.size, images)
        check_backend(name, self.compute.device)
        if not converts(name, self.compute):
            return self.of_pictures
        pooled = Network(PooledModel(self.pooling), self.network.normalisation)
        self.converted[name] = ConvertedForward(name, pooled, self.pooling.widths, self.of_pictures)
        return self.converted[name]

    def augment(self, picture: MakePicture | None) -> Augment:
        """Return what makes the picture of a stored image."""
        if picture is None:
            return eval_augment(self.size)
        return lambda image, paper, _: picture(image, paper, self.size)

    def of_pictures(self, pictures: NDArray[np.uint8]) -> Floats:
        """Return the features float32 [B, D] of pictures uint8 [B, size, size, C]."""
        compute = self.compute
        images = to_input(torch.from_numpy(pictures), self.network.normalisation, compute.device, compute.channels_last)
        with torch.inference_mode():
            with compute.autocast():
                found = self.pooling(images)
            if compute.precision != "fp32" and not bool(torch.isfinite(found).all()):
                found = self.pooling(images)  # fp16 overflows in some networks
        floats: Floats = found.cpu().numpy()
        return floats


class NotFiniteError(Exception):
    """The network returns NaN or infinity.

    Attributes:
        row: of the store.
    """

    def __init__(self, row: int) -> None:
        self.row = row
        super().__init__(f"row {row}")


def _frozen_network(recipe: Recipe) -> Network:
    """Build the network with timm's own head, which is not used; random weights are those of the recipe's seed."""
    section = recipe.model.model_copy(update={"head": HeadSection.standard()})
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(recipe.seed if is_random(recipe) else 0)  # of the CPU alone
        return build_network(section, classes=1)


def _scales(values: Floats, widths: tuple[int, ...]) -> tuple[float, ...]:
    """Return a power of two per block near its largest absolute value in a batch [B, D]; 1 where all are zero."""
    starts = np.cumsum((0, *widths[:-1]))
    largest = np.maximum.reduceat(np.abs(values).max(axis=0), starts)
    return tuple(float(2.0 ** np.round(np.log2(one))) if one > 0 else 1.0 for one in largest)
