"""Numbers that name the content of image files, wherever they are stored and whatever they are called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.activity import activity
from sketchfit.data.digests import ContentDigests, content_digests
from sketchfit.data.images import ImageError
from sketchfit.data.in_threads import in_threads
from sketchfit.processors import cores


@activity("digests of images")
def content_ids(root: Path, paths: Sequence[str]) -> NDArray[np.uint64]:
    """Return a number per file; files with equal bytes have equal numbers, others differ.

    Args:
        root: folder that `paths` are relative to.
        paths: N image files; one that cannot be read gets the number of its path.

    Returns:
        uint64 [N], the first 8 bytes of BLAKE2b.
    """

    def one(path: str) -> bytes:
        try:
            return content_digests(root / path).short
        except ImageError:
            return ContentDigests.of(str(root / path).encode(errors="surrogateescape")).short

    digests = b"".join(in_threads(one, paths, cores()))
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)
