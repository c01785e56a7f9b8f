"""The images that a network has learnt from, in the metadata of its file of weights.

Weights from which another training starts must not have learnt from the rows that it is validated on. The numbers are
those of `data.content_ids`, so they hold for a copy of the data in another place or order.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.models.weights import read_metadata

KEY = "learnt_rows"
"""Name of the entry: base64 of ascending uint64 numbers, little-endian."""

Ids = NDArray[np.uint64]


def to_metadata(rows: Ids) -> dict[str, str]:
    """Return the entry for these rows."""
    return {KEY: base64.b64encode(np.unique(rows).astype("<u8").tobytes()).decode("ascii")}


def from_metadata(metadata: Mapping[str, str]) -> Ids | None:
    """Return the rows of a file's metadata, uint64 [n]; None where it does not name them."""
    try:
        content = base64.b64decode(metadata[KEY], validate=True)
        return np.frombuffer(content, dtype="<u8").astype(np.uint64)
    except (KeyError, ValueError, binascii.Error):
        return None


def learnt_by(weights: str | Path | None) -> Ids | None:
    """Return the rows that a file of weights has learnt from; None without a file, or where it does not name them.

    Raises:
        UserError: there is no such file, or it is not complete.
    """
    return None if weights is None else from_metadata(read_metadata(Path(weights).expanduser()))


def union(parts: Iterable[Ids | None]) -> Ids:
    """Return all rows of several lists, uint64 [n]."""
    return np.unique(np.concatenate([np.zeros(0, np.uint64), *(part for part in parts if part is not None)]))
