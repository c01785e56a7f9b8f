"""Functions of pictures that are built at their first batch, one for grey and one for coloured pictures."""

from __future__ import annotations

from collections.abc import Callable

from sketchfit.models.backend import Floats, Pictures

Forward = Callable[[Pictures], Floats]


class ByChannels:
    """Builds a function at the first batch with a number of channels, to which a converted graph is fixed.

    Args:
        build: makes the function from the first batch.
    """

    def __init__(self, build: Callable[[Pictures], Forward]) -> None:
        self._build = build
        self._built: dict[int, Forward] = {}

    def __call__(self, pictures: Pictures) -> Floats:
        """Return the values of pictures uint8 [B, H, W, C]."""
        channels = pictures.shape[3]
        if channels not in self._built:
            self._built[channels] = self._build(pictures)
        return self._built[channels](pictures)
