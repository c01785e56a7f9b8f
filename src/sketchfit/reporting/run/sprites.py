"""The thumbnails of a report, tiled per class into one picture."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.thumbnails import Pixels, data_uri, tiled, webp

SPRITE_COLUMNS = 12
"""Thumbnails side by side in the sprite of a class."""

SPRITE_QUALITY = 45

MOST_INLINE = 50_000
"""Thumbnails that may be in the page: with more, the numbers of the drawings already take several MB."""


def class_sprites(
    evidence: Evidence, pictures: Mapping[int, Pixels], inline_bytes: float
) -> tuple[list[str], dict[str, bytes]]:
    """Tile the thumbnails of each class, in the order of their places: an address per class, and the files.

    All are `data:` addresses if they have at most `inline_bytes` together, and are at most `MOST_INLINE`.
    """
    places = np.fromiter(pictures, dtype=np.int64)
    label = evidence.label[places]
    order = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[order], np.arange(evidence.class_count + 1))
    contents = []
    for start, end in pairwise(ends.tolist()):
        members = [pictures[place] for place in places[order[start:end]].tolist()]
        contents.append(webp(tiled(members, SPRITE_COLUMNS), SPRITE_QUALITY) if members else b"")
    if len(pictures) <= MOST_INLINE and sum(map(len, contents)) * 4 / 3 <= inline_bytes:
        return [data_uri(content) if content else "" for content in contents], {}
    files = {f"drawings/{index}.webp": content for index, content in enumerate(contents) if content}
    return [f"drawings/{index}.webp" if content else "" for index, content in enumerate(contents)], files
