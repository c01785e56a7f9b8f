"""A loaded model: the same methods for a run and for a bundle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.bundle.occlusion import GRID, Predict, occlusion_heat
from sketchfit.errors import UserError
from sketchfit.inference.unknown import Rejection, UnknownTest, check_rejection
from sketchfit.loaded.checks import all_read, check_coverage, naming, one_image, refuse_unread
from sketchfit.loaded.classes import ClassTexts
from sketchfit.loaded.explanation import ImageExplanation
from sketchfit.loaded.given import NamedImage, given_images, in_parts
from sketchfit.loaded.part_answers import PartAnswers, joined
from sketchfit.loaded.prediction import ImagePredictions
from sketchfit.wording import listed

if TYPE_CHECKING:
    from torch import nn

InSets = Callable[[NDArray[np.float32]], NDArray[np.bool_]]
"""Probabilities [N, C] → the classes of each prediction set, bool [N, C]."""


class Model(ABC):
    """A model in memory that predicts images. It may be used by several threads at once; it writes no file.

    `x` is one image (a path, the content of an image file, a Pillow image, a NumPy array), several (a list, a
    generator, an array [N, H, W, C]), or a folder or table of images. Arrays are [H, W] grey, [H, W, 3] RGB or
    [H, W, 4] RGBA; uint8 or other integers 0 … 255, uint16 with its complete range, bool, or floats 0 … 1. Images are
    decoded, made square and resized as in training.

    Examples:
        >>> import sketchfit
        >>> model = sketchfit.load("runs/first")
        >>> model.labels
        ('0', '1', '2', '3')
        >>> model.predict("drawing.png")[0].label in model.labels
        True
    """

    def __init__(self, classes: ClassTexts) -> None:
        self.classes = classes

    @property
    def labels(self) -> tuple[str, ...]:
        """What the training table calls each class, in the order of the probabilities."""
        return self.classes.class_labels

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes for display, in the order of the probabilities."""
        return self.classes.class_names

    def predict(self, x: Any, reject: float | None = None) -> ImagePredictions:
        """Predict the class of each image, in the order given.

        Args:
            x: images; see the class.
            reject: predict `unknown` where no class fits. At most this share of images of known classes is rejected.

        Returns:
            One prediction per image, also for one image. An image that cannot be read has `error` instead of a class.

        Raises:
            TypeError: something is no image.
            UserError: a folder has no image, the network returns values that are no numbers, or the model cannot
                promise this rate of rejection.

        Examples:
            >>> import sketchfit
            >>> model = sketchfit.load("runs/first")
            >>> answers = model.predict(["drawing.png", "no-such-file.png"])
            >>> answers[0].label in model.labels, len(answers[0].top)
            (True, 4)
            >>> answers[1].label, answers[1].error
            ('', '...')
            >>> list(answers.to_pandas())[:3]
            ['image', 'label', 'index']
        """
        if reject is not None:
            check_rejection(self.unknown_test(), reject, self.labels, self.names)
        names, found = self._all(x, p_values=reject is not None)
        rejection = None if reject is None or found.p_value is None else Rejection.at(found.p_value, reject)
        return ImagePredictions(names, found.proba, found.errors, self.classes, rejection)

    def proba(self, x: Any) -> NDArray[np.float32]:
        """Return probabilities, float32 [N, C], rows sum to 1; [1, C] for one image.

        Args:
            x: images; see the class.

        Raises:
            TypeError: something is no image.
            UserError: an image cannot be read; `predict` returns the others.

        Examples:
            >>> import sketchfit
            >>> model = sketchfit.load("runs/first")
            >>> proba = model.proba("drawing.png")
            >>> proba.shape, round(float(proba.sum()), 3)
            ((1, 4), 1.0)
        """
        return all_read(self.predict(x)).proba

    def sets(self, x: Any, coverage: float = 0.95) -> list[list[str]]:
        """Return prediction sets: labels that include the right one with a probability, the most probable first.

        Args:
            x: images; see the class.
            coverage: that probability, above 0, below 1, for images like those of the training table.

        Raises:
            TypeError: something is no image.
            UserError: an image cannot be read, or the model has no sets of this coverage.

        Examples:
            >>> import sketchfit
            >>> model = sketchfit.load("runs/first")
            >>> (labels,) = model.sets("drawing.png", coverage=0.8)
            >>> 1 <= len(labels) <= 4
            True
        """
        check_coverage(coverage)
        inside = self.in_sets(coverage)
        proba = all_read(self.predict(x)).proba
        order, member = np.argsort(-proba, axis=1, kind="stable"), inside(proba)
        return [[self.labels[k] for k in line if member[row, k]] for row, line in enumerate(order)]

    def unknown(self, x: Any) -> NDArray[np.float64]:
        """Return how well images fit the classes of the model: p-values, float64 [N], above 0, at most 1.

        Call images with a p-value of 0.05 or less unknown, and at most 5 % of the images of its classes are.

        Args:
            x: images; see the class.

        Raises:
            TypeError: something is no image.
            UserError: an image cannot be read, or the model has no images of its classes to compare with.

        Examples:
            >>> import sketchfit
            >>> model = sketchfit.load("runs/first")
            >>> p_value = model.unknown("drawing.png")
            >>> p_value.shape, bool(0 < p_value[0] <= 1)
            ((1,), True)
        """
        self.unknown_test()  # before images are read
        names, found = self._all(x, p_values=True)
        refuse_unread([f"{name}: {error}" for name, error in zip(names, found.errors, strict=True) if error])
        return np.zeros(0) if found.p_value is None else np.asarray(found.p_value, np.float64)

    def explain(self, image: Any, label: str | None = None, grid: int = GRID) -> ImageExplanation:
        """Return what each part of one image contributes to a class, by covering one part after the other.

        Args:
            image: one image; see the class.
            label: of the class, as in `labels`; None: the most probable one.
            grid: cells per side of the heat map.

        Raises:
            TypeError: it is no image.
            UserError: it cannot be read, or there is no such class.
            ValueError: the picture has not so many cells.

        Examples:
            >>> import sketchfit
            >>> model = sketchfit.load("runs/first")
            >>> explanation = model.explain("drawing.png", label="2", grid=4)
            >>> explanation.heat.shape, explanation.label
            ((4, 4), '2')
            >>> explanation.overlay(200).size
            (200, 200)
        """
        if label is not None and label not in self.labels:
            raise UserError(f"there is no class {label!r}", f"Classes: {listed(self.labels, 10)}.")
        with naming(given := one_image(image)):
            picture, predict = self._explained(given)
        proba = predict(picture[None])[0]
        index = int(proba.argmax()) if label is None else self.labels.index(label)
        heat = occlusion_heat(predict, picture, index, grid)
        return ImageExplanation(self.labels[index], self.names[index], float(proba[index]), heat, picture)

    def transform(self, image: Any) -> Any:
        """Return one image as `module` takes it, without the axis of the batch.

        Of a run: float32 [3, size, size], a normalised tensor; of a bundle: uint8 [size, size, C], an array.

        Raises:
            TypeError: it is no image.
            UserError: it cannot be read.

        Examples:
            >>> import sketchfit
            >>> model = sketchfit.load("runs/first")
            >>> tuple(model.transform("drawing.png").shape)
            (3, 32, 32)
        """
        with naming(given := one_image(image)):
            return self._input(given)

    @property
    @abstractmethod
    def module(self) -> nn.Module:
        """One network, in evaluation mode, that takes batches of what `transform` returns; not shared with the model.

        Raises:
            UserError: the model has no network of PyTorch.

        Examples:
            >>> import sketchfit
            >>> model = sketchfit.load("runs/first")
            >>> network = model.module
            >>> tuple(network(model.transform("drawing.png")[None]).shape)
            (1, 4)
        """

    @abstractmethod
    def unknown_test(self) -> UnknownTest:
        """Return the test for unknown classes; `UserError` where there is none."""

    @abstractmethod
    def in_sets(self, coverage: float) -> InSets:
        """Return what makes prediction sets of this coverage; `UserError` where there are none."""

    @abstractmethod
    def _input(self, image: NamedImage) -> Any:
        """Return what `transform` returns; `ImageError` where the image cannot be read."""

    @abstractmethod
    def _explained(self, image: NamedImage) -> tuple[NDArray[np.uint8], Predict]:
        """Return an image as a square uint8 [S, S, C], and what predicts such squares; else `ImageError`."""

    @property
    @abstractmethod
    def _images_at_once(self) -> int:
        """Images that are decoded before the next ones, so that memory is bounded."""

    @abstractmethod
    def _part(self, images: list[NamedImage], p_values: bool) -> PartAnswers:
        """Predict images that are in memory together, with their p-values if they are wanted."""

    def _all(self, x: Any, p_values: bool) -> tuple[list[str], PartAnswers]:
        """Return the names of all images and the answers to them; NaN for images that cannot be read."""
        names: list[str] = []
        parts: list[PartAnswers] = []
        for images in in_parts(given_images(x), self._images_at_once):
            parts.append(self._part(images, p_values))
            names += [one.name for one in images]
        return names, joined(parts, len(self.classes), p_values)
