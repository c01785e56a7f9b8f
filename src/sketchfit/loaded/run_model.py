"""A run in memory: all its networks, views, the ensemble and the calibration, as `sketchfit predict` uses them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from typing_extensions import override

from sketchfit.allocator import keep_freed_memory
from sketchfit.bundle.occlusion import Predict
from sketchfit.data.given_images import GivenImage, decode_given
from sketchfit.data.memory_store import memory_stores
from sketchfit.data.store import Store
from sketchfit.errors import RunError
from sketchfit.inference.kept_networks import KeptNetworks
from sketchfit.inference.run_predictor import RunAnswers, RunPredictor
from sketchfit.inference.run_unknown import RunUnknown
from sketchfit.inference.unknown import UnknownTest
from sketchfit.loaded.classes import ClassTexts
from sketchfit.loaded.given import NamedImage
from sketchfit.loaded.model import InSets, Model
from sketchfit.loaded.one_network import OneNetwork
from sketchfit.loaded.part_answers import PartAnswers
from sketchfit.loaded.squares import stored_squares
from sketchfit.models.compute import device_of
from sketchfit.runs.networks import NetworkFolder
from sketchfit.wording import counted

if TYPE_CHECKING:
    from torch import nn

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

AT_ONCE = 1 << 30
"""Bytes of decoded images that are in memory at the same time."""


@dataclass(frozen=True)
class ImageAnswers:
    """What a run predicts for images, and why some could not be read ("" for the others)."""

    answers: RunAnswers
    errors: tuple[str, ...]


@dataclass(frozen=True)
class RunRules:
    """What a run states besides probabilities.

    Attributes:
        sets: makes prediction sets of a coverage; None: the run has none.
        unknown: makes the test for unknown classes, when it is first used; None: the run has nothing to compare with.
    """

    sets: Callable[[float], InSets] | None = None
    unknown: Callable[[], RunUnknown] | None = None


NO_RULES = RunRules()


class RunModel(Model):
    """A run in memory. Networks are loaded when they are first used.

    Args:
        predictor: of the run.
        classes: of the run.
        device: on which its networks compute; None: that of the first member's recipe.
        rules: of the run.
        keep: whether networks stay in memory; False: one at a time is loaded, for one large prediction.

    Raises:
        UserError: this machine does not have the device.
    """

    def __init__(
        self,
        predictor: RunPredictor,
        classes: ClassTexts,
        device: torch.device | None = None,
        rules: RunRules = NO_RULES,
        keep: bool = True,
    ) -> None:
        super().__init__(classes)
        self.predictor, self._rules, self._keep = predictor, rules, keep
        compute = predictor.members[0].recipe.compute
        self.device = device_of(compute) if device is None else device
        self._networks = KeptNetworks(predictor.classes, self.device)
        self._predicting = threading.Lock()
        if compute.keep_memory and self.device.type == "cpu":
            keep_freed_memory()

    def __repr__(self) -> str:
        networks = [folder for member in self.predictor.members for folder in member.networks]
        facts = f"{counted(len(self.classes), 'class')}, {counted(len(networks), 'network')}, {self.device}"
        return f"RunModel({str(run_of(networks[0]))!r}: {facts})"

    def load_networks(self) -> None:
        """Load all networks now.

        Raises:
            UserError: a file of weights is missing or damaged.
        """
        for member in self.predictor.members:
            for folder in member.networks:
                self._networks.load(folder, member.recipe)

    def answers(self, images: Iterable[GivenImage], wanted: Rows | None = None) -> ImageAnswers:
        """Predict images, with the probabilities of the single networks for some of them.

        Args:
            images: any number; not more than `AT_ONCE` of them are decoded at the same time.
            wanted: int64 [n], ascending, positions of the images whose probabilities of each network are kept.
        """
        remaining, start = iter(images), 0
        rows = np.zeros(0, np.int64) if wanted is None else wanted
        parts: list[ImageAnswers] = []
        while part := list(islice(remaining, self._images_at_once)):
            parts.append(self._answers(part, rows[(rows >= start) & (rows < start + len(part))] - start))
            start += len(part)
        return _joined(parts) if parts else self._answers((), rows)

    @property
    @override
    def module(self) -> nn.Module:
        return self._one.module()

    @override
    def _input(self, image: NamedImage) -> torch.Tensor:
        return self._one.input(image.image)

    @property
    @override
    def _images_at_once(self) -> int:
        size = sum(3 * settings.size**2 for settings in set(self.predictor.store_settings))
        return max(1, AT_ONCE // size)

    @override
    def _part(self, images: list[NamedImage], p_values: bool) -> PartAnswers:
        wanted = np.arange(len(images)) if p_values else None
        found = self.answers([one.image for one in images], wanted)
        p_value = self._unknown.p_values(found.answers) if p_values else None
        return PartAnswers(found.answers.final, list(found.errors), p_value)

    @override
    def unknown_test(self) -> UnknownTest:
        return self._unknown.test

    @cached_property
    def _unknown(self) -> RunUnknown:
        if self._rules.unknown is None:
            raise RunError("this model has no images of its classes to compare with", "Load a run with test rows.")
        return self._rules.unknown()

    @override
    def in_sets(self, coverage: float) -> InSets:
        if self._rules.sets is None:
            raise RunError("this model has no out-of-fold rows to calibrate sets on", "Load a run with folds.")
        return self._rules.sets(coverage)

    @override
    def _explained(self, image: NamedImage) -> tuple[NDArray[np.uint8], Predict]:
        largest = max(self.predictor.store_settings, key=lambda one: one.size)
        square, paper = largest.square(decode_given(image.image, largest.max_pixels).pixels)
        none = np.zeros(0, np.int64)

        def predict(pictures: NDArray[np.uint8]) -> Floats:
            stores = [stored_squares(pictures, paper, one) for one in self.predictor.store_settings]
            return self._predicted(stores, none).final

        return square, predict

    @cached_property
    def _one(self) -> OneNetwork:
        """The network of all rows of the first member that has one, else the first network of the first member."""
        members = self.predictor.members
        member = next((one for one in members if one.views.refit is not None), None)
        folder = members[0].networks[0] if member is None else member.networks[-1]
        recipe = (member or members[0]).recipe
        with self._predicting:
            normalisation = self._networks.load(folder, recipe).network.normalisation
        return OneNetwork(folder, recipe, normalisation, self.predictor.classes)

    def _answers(self, images: Sequence[GivenImage], wanted: Rows) -> ImageAnswers:
        """Predict images that are decoded together."""
        threads = max(member.recipe.compute.threads for member in self.predictor.members)
        stores = memory_stores(images, self.predictor.store_settings, threads)
        errors = [texts[0] if all(texts) else "" for texts in zip(*(store.errors for store in stores), strict=True)]
        return ImageAnswers(self._predicted(stores, wanted), tuple(errors))

    def _predicted(self, stores: Sequence[Store], wanted: Rows) -> RunAnswers:
        """Return the answers for images that are decoded."""
        with self._predicting:
            return self.predictor.answers(stores, self.device, wanted, self._networks if self._keep else None)


def run_of(network: NetworkFolder) -> Path:
    """Return the run's folder that a network is in; of a network alone its own folder."""
    inside = len(network.path.parts) > 2 and network.path.parents[1].name in ("members", "derived")
    return network.path.parents[2] if inside else network.path


def _joined(parts: Sequence[ImageAnswers]) -> ImageAnswers:
    """Return the answers of several parts as those of all images."""
    by_member = zip(*(part.answers.networks for part in parts), strict=True)
    networks = tuple(
        tuple(np.concatenate(network) for network in zip(*of_parts, strict=True)) for of_parts in by_member
    )
    final = np.concatenate([part.answers.final for part in parts])
    return ImageAnswers(RunAnswers(final, networks), tuple(error for part in parts for error in part.errors))
