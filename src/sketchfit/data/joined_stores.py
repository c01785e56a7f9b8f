"""Two image stores as one, without a copy."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.store import Store


def join_stores(first: Store, second: Store) -> Store:
    """Return the images of both stores as one store, without a copy: the second's rows follow the first's.

    If one store is grey and the other coloured, images of the grey one get three equal channels.
    """
    channels = max(first.images.shape[-1], second.images.shape[-1])
    paper = np.concatenate([np.broadcast_to(one.paper, (len(one.paper), channels)) for one in (first, second)])
    images = cast(Any, _Joined(first.images, second.images, channels))
    errors, damage = first.errors + second.errors, first.damage + second.damage
    folder = first.folder.with_name(f"{first.folder.name}+{second.folder.name}")  # caches know the images by its name
    return Store(images, paper, errors, damage, folder, built=False)


class _Joined:
    """Returns one image at a time, which is all that training needs of an array of images."""

    def __init__(self, first: NDArray[np.uint8], second: NDArray[np.uint8], channels: int) -> None:
        self._first, self._second, self._channels = first, second, channels

    def __getitem__(self, row: int) -> NDArray[np.uint8]:
        after = row - len(self._first)
        image = self._first[row] if after < 0 else self._second[after]
        return image if image.shape[-1] == self._channels else np.repeat(image, self._channels, axis=-1)
