from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.duplicates import find, find_near_duplicates, groups, take_signatures
from sketchfit.duplicates.candidates import candidate_pairs
from sketchfit.duplicates.groups import connected
from sketchfit.duplicates.judge import describe, is_turned
from tests.duplicates.scribbles import SQUARE, Image, by_hand, circle, paper, round_outline, scribble


def jpeg(image: Image, quality: int = 80) -> Image:
    return np.asarray(
        cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_UNCHANGED),
        np.uint8,
    )


def tilted(image: Image, degrees: float, scale: float = 1.0) -> Image:
    """Rotated anticlockwise on the console, on a larger sheet."""
    height, width = image.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    matrix[:, 2] += 40
    return np.asarray(
        cv2.warpAffine(image, matrix, (width + 80, height + 80), borderValue=int(np.median(image[0]))), np.uint8
    )


def numberless(words: str) -> str:
    return re.sub(r"\d+\.\d+", "", words)


def numbers(words: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+\.\d+", words)]


COPIES = {
    "same place and size": lambda image: jpeg(image, 50),
    "mirrored": lambda image: jpeg(image[:, ::-1]),
    "upside down": lambda image: jpeg(image[::-1]),
    "rotated 90°": lambda image: jpeg(np.rot90(image, -1)),
    "rotated 180°": lambda image: jpeg(np.rot90(image, 2)),
    "rotated 270°": lambda image: jpeg(np.rot90(image, 1)),
    "tilted -10°": lambda image: jpeg(tilted(image, 10)),
    "tilted 5°": lambda image: jpeg(tilted(image, -5)),
    "resized 0.70": lambda image: jpeg(cv2.resize(image, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)),
    "resized 1.40": lambda image: jpeg(cv2.resize(image, None, fx=1.4, fy=1.4)),
    "mirrored, tilted 7°, resized 0.80": lambda image: jpeg(tilted(np.ascontiguousarray(image[:, ::-1]), -7, 0.8)),
}


@pytest.mark.parametrize("kind", COPIES)
def test_every_kind_of_copy_is_found_and_named(kind: str) -> None:
    drawings = [scribble(seed, strokes=6) for seed in range(12)]
    found = find([*drawings, *(COPIES[kind](drawing) for drawing in drawings[:6])])
    assert found.groups == tuple((k, 12 + k) for k in range(6))
    assert found.pairs.tolist() == [[k, 12 + k] for k in range(6)]
    for words in found.kind:
        assert numberless(words) == numberless(kind)
        assert numbers(words) == pytest.approx(numbers(kind), rel=0.02)
    assert found.pairs.dtype == np.int64
    assert found.score.dtype == np.float32
    assert (found.score > 0.98).all()


def test_inverted_reinked_and_thickened_copies_are_found() -> None:
    plain = [scribble(seed, width=2, strokes=6) for seed in range(4)]
    colour = np.stack([plain[1] // 2 + 100, plain[1], plain[1]], axis=2).astype(np.uint8)
    found = find([*plain, 255 - plain[0], colour, scribble(2, width=7, strokes=6)])
    assert found.groups == ((0, 4), (1, 5), (2, 6))
    assert found.kind[2] == "thicker lines"


def test_different_circles_squares_and_lines_are_not_joined() -> None:
    circles = [by_hand(round_outline(), seed, tremor=3) for seed in range(8)]
    squares = [by_hand(SQUARE, seed, tremor=3) for seed in range(8)]
    lines = [paper((200, 200)) for _ in range(6)]
    for k, image in enumerate(lines):
        cv2.line(image, (20, 30 + 20 * k), (180, 160 - 9 * k), 0, 2 + k % 3, cv2.LINE_AA)
    assert find([*circles, *squares, *lines]).groups == ()


def test_copies_of_simple_drawings_are_joined() -> None:
    circles = [by_hand(round_outline(), seed, tremor=3) for seed in range(4)]
    squares = [by_hand(SQUARE, seed, tremor=3) for seed in range(4)]
    copies = [jpeg(circles[0][:, ::-1]), jpeg(np.rot90(squares[2])), jpeg(tilted(circles[3], 6))]
    assert find([*circles, *squares, *copies]).groups == ((0, 8), (3, 10), (6, 9))


def test_a_perfect_circle_and_its_flip_are_the_same_pixels() -> None:
    image = circle(middle=(90, 110))
    assert find([image, np.ascontiguousarray(image[:, ::-1]), scribble(1)]).groups == ((0, 1),)


def test_lines_are_joined_only_by_their_pixels() -> None:
    bent = paper((120, 240))
    cv2.polylines(bent, [np.array([[20, 60], [120, 66], [220, 60]])], False, 0, 3, cv2.LINE_AA)
    other = paper((120, 240))
    cv2.polylines(other, [np.array([[20, 60], [120, 61], [220, 60]])], False, 0, 3, cv2.LINE_AA)
    images = [bent, jpeg(bent[::-1]), other]
    signatures, _ = take_signatures(images.__getitem__, 3)
    assert find_near_duplicates(signatures).groups == ()
    assert find_near_duplicates(signatures, images.__getitem__).groups == ((0, 1),)


def test_equal_images_are_joined_at_once_and_blank_ones_never() -> None:
    blank = paper((50, 50))
    found = find([scribble(0), blank, scribble(0), blank, scribble(0)])
    assert found.groups == ((0, 2, 4),)
    assert found.kind == ("identical", "identical")
    assert find([blank, blank]).groups == ()


def test_of_many_drawings_one_of_equal_ones_is_compared_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [
        scribble(0),
        scribble(1),
        scribble(0),
        scribble(0)[:, ::-1],
        scribble(0),
        scribble(1)[:, ::-1],
        scribble(2),
    ]
    compared: list[int] = []

    def candidates(spectrum: np.ndarray, seed: int) -> np.ndarray:
        compared.append(len(spectrum))
        return candidate_pairs(spectrum, seed=seed)

    monkeypatch.setattr(groups, "candidate_pairs", candidates)
    usual = find(images).groups
    assert usual == ((0, 2, 3, 4), (1, 5))
    monkeypatch.setattr(groups, "EXHAUSTIVE", 2)
    assert find(images).groups == usual
    assert compared == [7, 5]


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_images(count: int) -> None:
    found = find([scribble(0)] * count)
    assert found.groups == ()
    assert found.pairs.shape == (0, 2)


def test_a_callable_is_read_in_threads_and_needs_a_count() -> None:
    images = [scribble(0), scribble(1), scribble(0)]
    assert find(lambda row: images[row], 3, workers=2).groups == ((0, 2),)
    with pytest.raises(ValueError, match="count"):
        find(lambda row: images[row])


@settings(max_examples=60, deadline=None)
@given(edges=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=25))
def test_groups_are_connected_components(edges: list[tuple[int, int]]) -> None:
    """Against repeated merging of sets."""
    edges = [(a, b) for a, b in edges if a != b]
    expected = [{node} for node in range(20)]
    for a, b in edges:
        one, other = (next(part for part in expected if node in part) for node in (a, b))
        if one is not other:
            expected.remove(other)
            one |= other
    groups = connected(np.array(edges, np.int64).reshape(-1, 2), 20)
    assert groups == tuple(sorted(tuple(sorted(part)) for part in expected if len(part) > 1))


@pytest.mark.parametrize(
    ("rotor", "mirrored", "ratio", "words"),
    [
        (1, False, 1.0, "same place and size"),
        (1j, False, 1.0, "rotated 90°"),
        (-1, True, 1.0, "upside down"),
        (np.exp(-1j * np.radians(95)) * 0.5, False, 2.0, "rotated 270°, tilted -5°, resized 0.50, thicker lines"),
        (1.2, True, 0.5, "mirrored, resized 1.20, thinner lines"),
    ],
)
def test_words(rotor: complex, mirrored: bool, ratio: float, words: str) -> None:
    assert describe(complex(rotor), mirrored, ratio) == words


@pytest.mark.parametrize(
    ("kind", "turned"),
    [
        ("mirrored, tilted 5°", True),
        ("mirrored, rotated 270°, resized 0.80", True),
        ("upside down", True),
        ("rotated 180°, thicker lines", True),
        ("tilted -12°, resized 1.20", False),
        ("identical", False),
        ("same place and size", False),
    ],
)
def test_kinds_that_change_the_direction(kind: str, turned: bool) -> None:
    assert is_turned(kind) is turned


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [-40, 0, 40, 50, 90, 130, 180, 220, 270, 310])
def test_what_is_described_as_turned(degrees: int, mirrored: bool) -> None:
    words = describe(complex(1.3 * np.exp(1j * np.radians(degrees))), mirrored, 2.0)
    assert is_turned(words) is (mirrored or 45 < degrees % 360 < 315)


def test_real_drawings_different_ones_apart_and_copies_together() -> None:
    shared = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "quickdraw40" / "train"
    if not shared.is_dir():
        pytest.skip("the real drawings (shared/data/quickdraw40) are not next to the checkout")
    files = sorted(shared.rglob("*.JPEG"))[::6]
    images = [np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8) for path in files]
    before = find(images)
    copies = [jpeg(tilted(np.ascontiguousarray(np.rot90(image)), 8, 0.8), 60) for image in images[:60]]
    found = {tuple(pair) for pair in find(images + copies).pairs.tolist()}
    planted = {(k, len(images) + k) for k in range(60)}
    joined = {pair for group in before.groups for pair in combinations(group, 2)}
    assert len(planted & found) >= 58
    extra = {pair for pair in found - planted - joined if not {pair[0], pair[1] - len(images)} & {*sum(joined, ())}}
    assert not extra
