"""The thumbnails of a report, tiled per class into one picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.thumbnails import Pixels, data_uri, tiled, webp

SPRITE_COLUMNS = 12
"""Thumbnails side by side in the sprite of a class."""

SPRITE_QUALITY = 45


def class_sprites(
    evidence: Evidence, pictures: Sequence[Pixels], inline_bytes: float
) -> tuple[list[str], dict[str, bytes]]:
    """Tile the thumbnails of each class: an address per class, and the files that they name.

    All are `data:` addresses if they have at most `inline_bytes` together.
    """
    contents = []
    for index in range(evidence.class_count):
        members = [pictures[int(place)] for place in np.flatnonzero(evidence.label == index)]
        contents.append(webp(tiled(members, SPRITE_COLUMNS), SPRITE_QUALITY) if members else b"")
    if sum(map(len, contents)) * 4 / 3 <= inline_bytes:
        return [data_uri(content) if content else "" for content in contents], {}
    files = {f"drawings/{index}.webp": content for index, content in enumerate(contents) if content}
    return [f"drawings/{index}.webp" if content else "" for index, content in enumerate(contents)], files
