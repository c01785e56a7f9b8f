"""The thumbnails of a report, tiled per class into one picture or several."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.thumbnails import Pixels, data_uri, most_tiled, tiled, webp

SPRITE_COLUMNS = 12
"""Thumbnails side by side in a sprite."""

MOST_IN_SPRITE = 1200
"""Thumbnails in a sprite: a browser decodes a complete sprite to show one of them."""

SPRITE_QUALITY = 45

MOST_INLINE = 50_000
"""Thumbnails that may be in the page: with more, the numbers of the drawings already take several MB."""


def sprite_size(side: int) -> int:
    """Return how many thumbnails of `side` pixels a sprite has at most."""
    return min(MOST_IN_SPRITE, most_tiled(side, SPRITE_COLUMNS))


def class_sprites(
    evidence: Evidence, pictures: Mapping[int, Pixels], inline_bytes: float
) -> tuple[list[str], dict[str, bytes]]:
    """Tile the thumbnails of each class, in the order of their places: the addresses of all sprites, and the files.

    Sprites are in the order of the classes. A class has as many as its thumbnails fill, none without thumbnails.
    All are `data:` addresses if they have at most `inline_bytes` together, and are at most `MOST_INLINE`.
    """
    places = np.fromiter(pictures, dtype=np.int64)
    label = evidence.label[places]
    order = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[order], np.arange(evidence.class_count + 1))
    contents = []
    for start, end in pairwise(ends.tolist()):
        members = [pictures[place] for place in places[order[start:end]].tolist()]
        contents += _sprites(members)
    if len(pictures) <= MOST_INLINE and sum(map(len, contents)) * 4 / 3 <= inline_bytes:
        return [data_uri(content) for content in contents], {}
    files = {f"drawings/{number}.webp": content for number, content in enumerate(contents)}
    return list(files), files


def _sprites(members: list[Pixels]) -> list[bytes]:
    """Return the sprites of one class."""
    if not members:
        return []
    size = sprite_size(members[0].shape[0])
    parts = [members[start : start + size] for start in range(0, len(members), size)]
    return [webp(tiled(part, SPRITE_COLUMNS), SPRITE_QUALITY) for part in parts]
