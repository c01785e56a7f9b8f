"""Measures images for the audit while the image stores decode them, so that the audit decodes none."""

from __future__ import annotations

from sketchfit.auditing.audit import AuditSettings
from sketchfit.auditing.measure import Measuring
from sketchfit.config.recipe import Recipe
from sketchfit.data.image_pass import ReceiveImage
from sketchfit.data.stores import cache_folder
from sketchfit.data.table import Table
from sketchfit.tracking.console import Console


class AuditCallback:
    """Receives each decoded image of a table.

    It does nothing where the audit is off, or where these images were measured before.
    """

    def __init__(self, table: Table, recipe: Recipe) -> None:
        self._table, self._recipe = table, recipe
        self._measuring: Measuring | None = None
        self._started = False

    def train(self, max_pixels: int) -> ReceiveImage | None:
        """Return what receives the training images; None where nothing is to be measured."""
        return self._receiver(0, max_pixels)

    def test(self, max_pixels: int) -> ReceiveImage | None:
        """Return what receives the test images; None where nothing is to be measured."""
        return self._receiver(len(self._table.train), max_pixels)

    def finish(self, console: Console) -> None:
        """Measure the images that no store decoded, and write the measurements to the cache for the audit."""
        if self._measuring is not None:
            with console.bar("measuring all images", len(self._table.train) + len(self._table.test)) as advance:
                self._measuring.finish(lambda done: advance(done, ""))
            self._measuring = None

    def _receiver(self, first: int, max_pixels: int) -> ReceiveImage | None:
        if max_pixels != self._recipe.data.max_pixels:
            return None  # with another limit, other images are unreadable
        if not self._started and self._recipe.audit.enabled:
            files = [self._table.root / path for path in (*self._table.train.paths, *self._table.test.paths)]
            settings = AuditSettings.of(self._recipe).measures
            measuring = Measuring(files, settings, cache_folder(self._recipe))
            self._measuring = None if measuring.path.is_file() else measuring
        self._started = True
        measuring_now = self._measuring
        if measuring_now is None:
            return None
        return lambda row, data, image: measuring_now.receive(first + row, data, image)
