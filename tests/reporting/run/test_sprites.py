from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import pytest

from sketchfit.reporting.kit.thumbnails import LONGEST_WEBP
from sketchfit.reporting.run import sprites
from sketchfit.reporting.run.sprites import SPRITE_COLUMNS, class_sprites, sprite_size


def drawings(counts: list[int], side: int) -> tuple[Any, dict[int, Any]]:
    """What sprites need of a run with so many drawings per class, mixed, and a plain picture of each."""
    label = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    evidence = cast(Any, SimpleNamespace(label=label, class_count=len(counts)))
    return evidence, {place: np.full((side, side, 1), shade_of(place), np.uint8) for place in range(len(label))}


def shade_of(place: int) -> int:
    return 20 + place % 200


@pytest.mark.parametrize(
    ("side", "counts"),
    [(56, [4000, 30]), (24, [0, 1201, 0, 1200]), (160, [1300]), (24, [7, 0, 12, 13]), (24, [0])],
)
def test_each_drawing_is_where_the_page_looks_for_it(side: int, counts: list[int]) -> None:
    evidence, pictures = drawings(counts, side)
    addresses, files = class_sprites(evidence, pictures, 0)
    assert addresses == list(files)
    images = [cv2.imdecode(np.frombuffer(files[one], np.uint8), cv2.IMREAD_GRAYSCALE) for one in addresses]
    first, size = 0, sprite_size(side)
    for index in range(len(counts)):
        members = np.flatnonzero(evidence.label == index).tolist()
        for k, place in enumerate(members):
            image = images[first + k // size]
            assert image is not None
            assert max(image.shape) <= LONGEST_WEBP
            row, column = divmod(k % size, SPRITE_COLUMNS)
            tile = image[row * side + 4 : (row + 1) * side - 4, column * side + 4 : (column + 1) * side - 4]
            assert float(tile.mean()) == pytest.approx(shade_of(place), abs=6)
        first += -(-len(members) // size)
    assert first == len(images)


@pytest.mark.parametrize("side", range(24, 161))
def test_a_full_sprite_is_no_larger_than_its_format_allows(side: int) -> None:
    assert sprite_size(side) // SPRITE_COLUMNS * side <= LONGEST_WEBP
    assert sprite_size(side) % SPRITE_COLUMNS == 0


def test_few_small_sprites_are_in_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence, pictures = drawings([30, 0, 5], 24)
    addresses, files = class_sprites(evidence, pictures, 1e6)
    assert files == {}
    assert [address[:5] for address in addresses] == ["data:", "data:"]
    monkeypatch.setattr(sprites, "MOST_INLINE", 34)
    assert len(class_sprites(evidence, pictures, 1e6)[1]) == 2
