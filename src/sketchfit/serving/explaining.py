"""Explanations. A heat map costs many predictions, so they are computed one by one, and few may wait."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from sketchfit.bundle.explain import Explanation, explain
from sketchfit.bundle.model import BundleModel
from sketchfit.bundle.neighbours import Neighbours
from sketchfit.serving.refused import Refused

MOST_WAITING = 8
"""Explanations in work; more are refused."""

RETRY = 2
"""Seconds after which a refused one may be requested again."""


class Explainer:
    """Explains the answers of a bundle; used in one event loop.

    Args:
        model: the bundle, whose training drawings are read where it has them.

    Attributes:
        neighbours: training drawings; None where the bundle has none.

    Raises:
        UserError: the training drawings are damaged.
    """

    def __init__(self, model: BundleModel) -> None:
        self._model = model
        self.neighbours = Neighbours.of_bundle(model.folder, model.manifest)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="explainer")
        self._in_work = 0

    async def explain(self, picture: NDArray[np.uint8], label: str | None = None) -> Explanation:
        """Explain the answer to a prepared picture.

        Args:
            picture: uint8 [size, size, C].
            label: class to explain; None: the most probable one.

        Raises:
            Refused: there is no such class (400), or too many explanations are in work (429).
        """
        if label is not None and label not in self._model.labels:
            raise Refused(400, "there is no class with this label")
        if self._in_work >= MOST_WAITING:
            raise Refused(429, "too many explanations are being computed: try again later", retry=RETRY)
        index = None if label is None else self._model.labels.index(label)
        self._in_work += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, explain, self._model, picture, self.neighbours, index)
        finally:
            self._in_work -= 1

    def stop(self) -> None:
        """End the thread; what waits is cancelled."""
        self._thread.shutdown(wait=False, cancel_futures=True)
