"""The fused resampling against slow references."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.config.policies import build
from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import Affine, compose
from sketchfit.transforms.resample import grid, resample, resize

RNG = np.random.default_rng
AFFINE = [name for name, cls in operations.items() if issubclass(cls, Affine)]


def op_of(name: str, **keys: object):
    return build([{"op": name, "p": 1, **keys}])[0]


def sampled(image: np.ndarray, paper: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bilinear values at pixel positions in float64, paper outside: the slow reference."""
    padded = np.pad(image.astype(np.float64), ((2, 2), (2, 2), (0, 0)))
    inside = np.zeros(padded.shape[:2], bool)
    inside[2:-2, 2:-2] = True
    padded[~inside] = paper
    x, y = np.clip(x + 2, 0, padded.shape[1] - 2), np.clip(y + 2, 0, padded.shape[0] - 2)
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    top = padded[y0, x0] * (1 - fx) + padded[y0, x0 + 1] * fx
    bottom = padded[y0 + 1, x0] * (1 - fx) + padded[y0 + 1, x0 + 1] * fx
    return top * (1 - fy) + bottom * fy


def smooth_picture(side: int, channels: int) -> np.ndarray:
    noise = RNG(0).integers(0, 256, (side, side, channels)).astype(np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3).reshape(side, side, channels)


@settings(max_examples=40, deadline=None)
@given(
    names=st.lists(st.sampled_from(AFFINE), min_size=1, max_size=5),
    u=st.lists(st.floats(0, 0.999), min_size=20, max_size=20),
    channels=st.sampled_from([1, 3]),
)
def test_one_matrix_is_the_composition_of_separate_warps(names, u, channels):
    """Each operation's own point mapping, applied one after the other in float64, against the fused warp."""
    size, side = 40, 46
    image, paper = smooth_picture(side, channels), np.full(channels, 200, np.uint8)
    drawn_ops = [(op_of(name), u[4 * k : 4 * k + 4]) for k, name in enumerate(names)]
    got = resample(image, paper, size, drawn_ops, RNG(0))

    x, y = np.meshgrid((2 * np.arange(size) + 1) / size - 1, (2 * np.arange(size) + 1) / size - 1)
    for op, numbers in reversed(drawn_ops):
        a, b, c, d, e, f = op.inverse(numbers)
        x, y = a * x + b * y + c, d * x + e * y + f
    expected = sampled(image, paper, (x + 1) * side / 2 - 0.5, (y + 1) * side / 2 - 0.5)
    dense = side / size * np.sqrt(abs(np.prod([_area(op, v) for op, v in drawn_ops])))
    if dense <= 1.25:
        assert np.abs(got - expected).max() <= 3
        assert np.abs(got - expected).mean() <= 0.6


def _area(op: Affine, u: list[float]) -> float:
    a, b, _, d, e, _ = op.inverse(u)
    return a * e - b * d


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("name", "keys", "u", "expected"),
    [
        ("hflip", {}, [], lambda im: im[:, ::-1]),
        ("vflip", {}, [], lambda im: im[::-1]),
        ("quarter_turn", {}, [0.1], lambda im: np.rot90(im, 1)),
        ("quarter_turn", {}, [0.5], lambda im: np.rot90(im, 2)),
        ("quarter_turn", {}, [0.9], lambda im: np.rot90(im, 3)),
        ("rotate", {"degrees": [0, 0]}, [0.5], lambda im: im),
    ],
)
def test_flips_and_quarter_turns_are_exact(channels, name, keys, u, expected):
    image, paper = RNG(1).integers(0, 256, (33, 33, channels)).astype(np.uint8), np.zeros(channels, np.uint8)
    assert np.array_equal(resample(image, paper, 33, [(op_of(name, **keys), u)], RNG(0)), expected(image))
    small = resample(image, paper, 20, [(op_of(name, **keys), u)], RNG(0))
    assert np.array_equal(small, expected(resize(image, 20)))


def test_flipped_twice_and_turned_four_times_is_the_picture(drawn):
    image, paper = drawn(3)
    turn, flip = (op_of("quarter_turn"), [0.0]), (op_of("hflip"), [])
    assert np.array_equal(resample(image, paper, len(image), [turn] * 4 + [flip] * 2, RNG(0)), image)
    both = resample(image, paper, len(image), [turn, flip], RNG(0))
    assert np.array_equal(both, np.rot90(image)[:, ::-1])


def test_rotation_is_counter_clockwise():
    image, paper = np.full((41, 41, 1), 255, np.uint8), np.full(1, 255, np.uint8)
    image[18:23, 33:38] = 0
    turned = resample(image, paper, 41, [(op_of("rotate", degrees=[90, 90]), [0.0])], RNG(0))
    assert turned[3:8, 18:23].max() < 40


def test_translation_in_shares_and_direction():
    image, paper = np.full((40, 40, 1), 255, np.uint8), np.full(1, 255, np.uint8)
    image[10, 10] = 0
    moved = resample(image, paper, 40, [(op_of("translate", x=[0.25, 0.25], y=[-0.1, -0.1]), [0, 0])], RNG(0))
    assert np.argwhere(moved[:, :, 0] < 128).tolist() == [[6, 20]]


def test_scale_factor_grows_the_drawing():
    image, paper = np.full((80, 80, 1), 255, np.uint8), np.full(1, 255, np.uint8)
    image[30:50, 30:50] = 0
    larger = resample(image, paper, 80, [(op_of("scale", factor=[1.5, 1.5]), [0.0])], RNG(0))
    assert (larger < 128).sum() == pytest.approx(400 * 1.5**2, rel=0.03)


def test_crop_shows_a_box_of_the_picture():
    """The picture holds its own coordinates: what is seen tells the box."""
    side, size = 100, 100
    ramp = np.broadcast_to(np.arange(side, dtype=np.uint8) * 2, (side, side))
    image, paper = np.stack([ramp, ramp.T, ramp], axis=2), np.zeros(3, np.uint8)
    op = op_of("crop", area=[0.49, 0.49], aspect=[1, 1])
    for u in (0.0, 0.3, 0.999):
        seen = resample(image, paper, size, [(op, [0.5, 0.5, u, 1 - u])], RNG(0))
        left, right = seen[50, 1, 0] / 2, seen[50, -2, 0] / 2
        assert right - left == pytest.approx(70, abs=2)
        assert left == pytest.approx(30 * u, abs=2)
        assert seen[1, 50, 1] / 2 == pytest.approx(30 * (1 - u), abs=2)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 0.9999), min_size=4, max_size=4), st.floats(0.05, 1), st.floats(0.4, 2.5))
def test_crop_stays_inside_and_has_its_area(u, area, aspect):
    a, _, c, _, e, f = op_of("crop", area=[area, area], aspect=[aspect, aspect]).inverse(u)
    assert abs(c) + a <= 1 + 1e-9
    assert abs(f) + e <= 1 + 1e-9
    if max(a, e) < 1:
        assert a * e == pytest.approx(area)
        assert a / e == pytest.approx(aspect)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["translate", "perspective"])
def test_outside_is_paper(channels, name):
    paper = np.array([200, 90, 30][:channels], np.uint8)
    image = np.zeros((50, 50, channels), np.uint8)
    ops = [(op_of("scale", factor=[0.4, 0.4]), [0.0])]
    if name == "perspective":
        ops.append((op_of("perspective"), [0.5] * 8))
    out = resample(image, paper, 50, ops, RNG(0))
    frame = np.concatenate([out[0], out[-1], out[:, 0], out[:, -1]])
    assert np.array_equal(np.unique(frame, axis=0), paper[None])
    assert out[25, 25].max() == 0


@pytest.mark.parametrize("name", ["elastic", "grid_distortion", "perspective", "jitter"])
def test_map_without_a_displacement_is_the_warp(name):
    """An operation scaled to nothing goes through `remap`, the same geometry without it through `warpAffine`."""
    image, paper = smooth_picture(60, 3), np.full(3, 128, np.uint8)
    move = (op_of("rotate", degrees=[7, 7]), [0.0])
    still = (op_of(name).scaled(0.0), [0.5] * 8)
    through_map = resample(image, paper, 52, [move, still], RNG(0)).astype(int)
    assert np.abs(through_map - resample(image, paper, 52, [move], RNG(0))).max() <= 3


def test_order_of_affine_and_warp_is_the_policys():
    """A perspective before and after a quarter turn: turning its result is the same as turning last."""
    image, paper = smooth_picture(64, 1), np.full(1, 128, np.uint8)
    warp, turn = (op_of("perspective"), np.linspace(0, 0.99, 8).tolist()), (op_of("quarter_turn"), [0.0])
    turned_last = resample(image, paper, 64, [warp, turn], RNG(0)).astype(int)
    by_hand = np.rot90(resample(image, paper, 64, [warp], RNG(0)))
    assert np.abs(turned_last - by_hand).max() <= 3
    assert np.abs(resample(image, paper, 64, [turn, warp], RNG(0)) - by_hand.astype(int)).max() > 10


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6), shift=st.floats(0.001, 0.1), name=st.sampled_from(["elastic", "jitter", "perspective"])
)
def test_displacement_is_bounded_and_there(seed, shift, name):
    size = 48
    op = op_of(name, shift=[-shift if name == "perspective" else shift, shift])
    moved = op.pull(grid(size), size, RNG(seed).random(op.draws).tolist(), RNG(seed))
    away = np.abs(moved - grid(size)).max() / 2
    assert moved.dtype == np.float32
    # A homography can move the middle of a side by about twice as much as the corners.
    assert away <= shift * (2.3 if name == "perspective" else 1) + 1e-5
    assert away > shift / 20


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), shift=st.floats(0.05, 0.49), cells=st.integers(2, 9))
def test_grid_distortion_keeps_frame_and_order(seed, shift, cells):
    size = 64
    op = op_of("grid_distortion", shift=[shift, shift], cells=cells)
    moved = op.pull(grid(size), size, [0.5], RNG(seed))
    assert (np.diff(moved[..., 0], axis=1) > 0).all()
    assert (np.diff(moved[..., 1], axis=0) > 0).all()
    away = np.abs(moved - grid(size)) / 2
    assert away.max() <= shift / cells + 1e-6
    assert away[[0, -1]].max() <= 2 * shift / size


def test_a_dense_source_is_averaged():
    """Lines a pixel wide, every eighth: an eighth of the ink is left at any size, none is skipped."""
    image, paper = np.full((512, 512, 1), 255, np.uint8), np.full(1, 255, np.uint8)
    image[:, ::8] = 0
    for out in (resize(image, 64), resample(image, paper, 64, [(op_of("rotate", degrees=[3, 3]), [0.0])], RNG(0))):
        middle = out[16:48, 16:48, 0].astype(int)
        assert middle.mean() == pytest.approx(255 * 7 / 8, abs=6)
        assert middle.max() - middle.min() < 60


def test_resize_of_the_right_size_is_a_copy(drawn):
    image, _ = drawn(1)
    same = resize(image, len(image))
    assert np.array_equal(same, image)
    assert not np.shares_memory(same, image)


def test_compose_applies_the_first_first():
    shift, double = (1, 0, 3, 0, 1, 0), (2, 0, 0, 0, 2, 0)
    assert compose(shift, double) == (2, 0, 6, 0, 2, 0)
    assert compose(double, shift) == (2, 0, 3, 0, 2, 0)
