"""Predicts with one trained network: the only place that computes its probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.config.views import IDENTITY
from sketchfit.data.batches import load_batches, no_randomness
from sketchfit.data.store import Store
from sketchfit.inference.tta import View, count_pictures, parse_views, view_pictures
from sketchfit.models.backend import Backend, Floats, Pictures
from sketchfit.models.build_backend import build_backend
from sketchfit.models.choose_backend import choose_backend
from sketchfit.models.compute import Compute
from sketchfit.models.finite import NoNumbersError
from sketchfit.models.network import Network
from sketchfit.runs.large_arrays import empty_array


@dataclass(frozen=True)
class Predictor:
    """A network with everything that its predictions depend on.

    Attributes:
        network: on the device of `compute`; each prediction puts it into evaluation mode.
        backend: computes the probabilities.
        compute: device, precision and memory format.
        size: side of the network's input in pixels.
        batch_size: pictures per forward pass, about.
        threads: that read and resize pictures of a store.
        strict: whether probabilities that are no numbers are refused.
    """

    network: Network
    backend: Backend
    compute: Compute
    size: int
    batch_size: int = 64
    threads: int = 2
    strict: bool = True

    @classmethod
    def of(
        cls,
        network: Network,
        recipe: Recipe,
        device: torch.device,
        backend: str | None = None,
        images: int | None = None,
    ) -> Predictor:
        """Make the predictor of a recipe, and move the network to the device, in place.

        A converting backend converts the network at the first prediction.

        Args:
            backend: name of the backend; None: the recipe's `inference.backend`.
            images: pictures that will be predicted, by which `auto` chooses; None: unknown, and `auto` means torch.

        Raises:
            UserError: the backend cannot be used here.
        """
        network.model.to(device)
        compute, size = Compute.of(recipe.compute, device), recipe.model.size
        name = backend or recipe.inference.backend
        if name == "auto":
            name = choose_backend(network, compute, size, images)
        made = build_backend(name, network, compute)
        return cls(network, made, compute, size, recipe.inference.batch_size, recipe.compute.threads)

    def probabilities(self, store: Store, rows: NDArray[np.int64]) -> Floats:
        """Return probabilities float32 [N, classes] of rows int64 [N] of a store, from the entire pictures."""
        return self.views(store, rows, parse_views(()))[IDENTITY]

    def views(self, store: Store, rows: NDArray[np.int64], views: Sequence[View]) -> dict[str, Floats]:
        """Return the probabilities of each view; each row is read from the store once for all of them.

        Args:
            store: of pictures.
            rows: int64 [N], rows of the store.
            views: at least one.

        Returns:
            Name of the view to float32 [N, classes]: the mean over the pictures of the view; rows sum to 1.

        Raises:
            NoNumbersError: the network returns NaN for a picture, and that is not allowed.
        """
        if len(rows) == 0:
            return {view.name: np.zeros((0, self.network.classes), dtype=np.float32) for view in views}
        pictures = count_pictures(views)
        step = max(1, self.batch_size // pictures)
        batches = [rows[start : start + step] for start in range(0, len(rows), step)]

        def prepare(image: Pictures, paper: Pictures, _: np.random.Generator) -> Pictures:
            return view_pictures(image, paper, views, self.size)

        ends = np.cumsum([len(view.pictures) for view in views])[:-1]
        found: dict[str, Floats] = {}
        start, wrong = 0, 0
        with self._inference():
            for batch in load_batches(store, batches, prepare, no_randomness, self.threads):
                prob = self.backend(batch.images.reshape(-1, *batch.images.shape[2:]))
                by_row = prob.reshape(len(batch.rows), pictures, -1)
                wrong += _not_finite(by_row)
                if not found:
                    found = {view.name: empty_array((len(rows), by_row.shape[-1]), np.float32) for view in views}
                for view, part in zip(views, np.split(by_row, ends, axis=1), strict=True):
                    part.mean(axis=1, dtype=np.float32, out=found[view.name][start : start + len(part)])
                start += len(by_row)
        self._check_finite(wrong, len(rows))
        return found

    def predict(self, pictures: Pictures) -> Floats:
        """Return probabilities float32 [N, classes] of pictures uint8 [N, size, size, C]; rows sum to 1."""
        if len(pictures) == 0:
            return np.zeros((0, self.network.classes), dtype=np.float32)
        starts = range(0, len(pictures), self.batch_size)
        with self._inference():
            parts = [self.backend(pictures[start : start + self.batch_size]) for start in starts]
        found = np.concatenate(parts)
        self._check_finite(_not_finite(found), len(found))
        return found

    def accuracy(self, store: Store, rows: NDArray[np.int64], label: NDArray[np.int64]) -> float:
        """Return the share of rows whose most probable class is their label; those without numbers are wrong.

        Args:
            store: of pictures.
            rows: int64 [N], rows of the store, at least one.
            label: int64 [N], of these rows.
        """
        prob = replace(self, strict=False).probabilities(store, rows)
        return float(((prob.argmax(axis=1) == label) & np.isfinite(prob).all(axis=1)).mean())

    def _check_finite(self, wrong: int, images: int) -> None:
        """Refuse probabilities that are no numbers: the first class would be the answer.

        Args:
            wrong: number of images with such probabilities.
            images: number of all images.
        """
        if wrong and self.strict:
            what = f"the network returns NaN or infinity for {wrong:,} of {images:,} images"
            raise NoNumbersError(what, "Set compute.precision=fp32, or train it again with a lower optimizer.lr.")

    @contextmanager
    def _inference(self) -> Iterator[None]:
        """Put the network into evaluation mode, and set the contexts of its forward passes."""
        self.network.model.eval()
        with torch.inference_mode(), self.compute.autocast():
            yield


def _not_finite(prob: Floats) -> int:
    """Count the rows [n, …] with NaN or infinity."""
    return int((~np.isfinite(prob).reshape(len(prob), -1).all(axis=1)).sum())
