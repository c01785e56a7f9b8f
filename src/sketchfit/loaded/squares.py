"""Square pictures as the image store of a member, for pictures without files."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.data.memory_store import NOWHERE
from sketchfit.data.store import Store
from sketchfit.data.store_settings import StoreSettings
from sketchfit.transforms.resample import resize

Pictures = NDArray[np.uint8]


def stored_squares(pictures: Pictures, paper: NDArray[np.uint8], settings: StoreSettings) -> Store:
    """Return squares as a store: at its size, with its channels.

    Args:
        pictures: uint8 [N, S, S, C].
        paper: uint8 [C], the colour of the paper of all of them.
        settings: of the store; how it makes images square is not used.
    """
    images = _with_channels(np.stack([resize(picture, settings.size) for picture in pictures]), settings)
    papers = _with_channels(np.tile(paper, (len(pictures), 1, 1, 1)), settings)[:, 0, 0]
    nothing = ("",) * len(pictures)
    return Store(images, papers, nothing, nothing, NOWHERE, built=True)


def _with_channels(pictures: Pictures, settings: StoreSettings) -> Pictures:
    """Return pictures with one channel or three where the store has so many in any case."""
    channels = pictures.shape[3]
    if settings.channels == 1 and channels == 3:
        grey = [cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY) for picture in pictures]
        return np.asarray(grey, dtype=np.uint8)[..., None]
    if settings.channels == 3 and channels == 1:
        return np.repeat(pictures, 3, axis=3)
    return pictures
