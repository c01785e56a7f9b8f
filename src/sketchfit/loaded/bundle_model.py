"""A bundle in memory, with the methods of a loaded run; without torch."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from sketchfit.bundle.model import BATCH, BundleModel
from sketchfit.bundle.occlusion import Predict
from sketchfit.bundle.predictions import set_rule
from sketchfit.bundle.unknown_rule import unknown_test
from sketchfit.data.given_images import decode_given
from sketchfit.data.images import ImageError
from sketchfit.data.in_threads import in_threads
from sketchfit.errors import RunError
from sketchfit.inference.unknown import UnknownTest
from sketchfit.loaded.classes import ClassTexts
from sketchfit.loaded.given import NamedImage
from sketchfit.loaded.model import InSets, Model
from sketchfit.loaded.part_answers import PartAnswers
from sketchfit.processors import cores
from sketchfit.wording import counted

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

PROGRAM = "model.pt2"
AT_ONCE = 1024
"""Images that are prepared before the network predicts them."""


class LoadedBundle(Model):
    """A bundle in memory.

    Args:
        bundle: that is open.
        threads: that decode and prepare images; None: as many as there are cores.
    """

    def __init__(self, bundle: BundleModel, threads: int | None = None) -> None:
        super().__init__(ClassTexts(bundle.manifest.labels, bundle.manifest.names))
        self.bundle, self._threads = bundle, threads or cores()
        rule = bundle.manifest.unknown
        self._unknown = None if rule is None else unknown_test(rule)

    def __repr__(self) -> str:
        facts = f"{counted(len(self.classes), 'class')}, {self.bundle.manifest.network.architecture}"
        return f"LoadedBundle({str(self.bundle.folder)!r}: {facts})"

    @property
    @override
    def module(self) -> NoReturn:
        """Not loaded: a file of `torch.export` can run code, and a bundle may come from somebody else."""
        if PROGRAM not in self.bundle.manifest.files:
            raise RunError(
                f"{self.bundle.folder} has no network of PyTorch", "Make one: sketchfit export RUN --also torch"
            )
        path = self.bundle.folder / PROGRAM
        raise RunError(
            f"{path} is not loaded: a file of torch.export can run code",
            f"Of a bundle that you made: torch.export.load({str(path)!r}).module()",
        )

    @override
    def _input(self, image: NamedImage) -> Picture:
        return self._prepared(image)

    @property
    @override
    def _images_at_once(self) -> int:
        return AT_ONCE

    @override
    def _part(self, images: list[NamedImage], p_values: bool) -> PartAnswers:
        found = list(in_threads(self._try, images, self._threads, together=4))
        read = [row for row, one in enumerate(found) if not isinstance(one, str)]
        proba = np.zeros((len(images), len(self.classes)), np.float32)
        for start in range(0, len(read), BATCH):
            rows = read[start : start + BATCH]
            proba[rows] = self.bundle.predict_prepared(np.stack([found[row] for row in rows])).probabilities
        errors = [one if isinstance(one, str) else "" for one in found]
        return PartAnswers(proba, errors, self.unknown_test().p_values(proba) if p_values else None)

    @override
    def unknown_test(self) -> UnknownTest:
        if self._unknown is None:
            raise RunError(f"{self.bundle.folder} has no rule for unknown classes", "Export it from a run with folds.")
        return self._unknown

    @override
    def in_sets(self, coverage: float) -> InSets:
        return set_rule(self.bundle.manifest.sets, coverage).sets

    @override
    def _explained(self, image: NamedImage) -> tuple[Picture, Predict]:
        return self._prepared(image), lambda pictures: self.bundle.predict_prepared(pictures).probabilities

    def _prepared(self, image: NamedImage) -> Picture:
        pixels = decode_given(image.image, self.bundle.manifest.preprocessing.max_pixels).pixels
        return self.bundle.prepare(pixels)

    def _try(self, image: NamedImage) -> Picture | str:
        """Return the prepared picture, or why there is none."""
        try:
            return self._prepared(image)
        except ImageError as error:
            return str(error)
