"""The contract of every operation, and what single ones do."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.config.policies import build
from sketchfit.transforms.augment import Augment
from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import ink_of
from tests.contracts.operation import check_operation

EXTRA = {"pick": {"of": [{"op": "thicken"}, {"op": "erase"}, {"op": "rotate"}], "count": 2, "magnitude": [1, 1]}}


def run(name: str, image: np.ndarray, paper: np.ndarray, seed: int = 0, **keys: object) -> np.ndarray:
    augment = Augment(build([{"op": name, "p": 1, **EXTRA.get(name, {}), **keys}]), image.shape[0])
    return augment(image, paper, np.random.default_rng(seed))


@pytest.mark.parametrize("name", operations.names())
def test_contract(name, drawing):
    op = build([{"op": name, **EXTRA.get(name, {})}])[0]
    check_operation(op, *drawing, same=name in ("hflip", "vflip", "invert"))


def test_probability_is_kept(drawn):
    image, paper = drawn(1)
    augment = Augment(build([{"op": "invert", "p": 0.3}]), len(image))
    count = sum(augment(image, paper, np.random.default_rng(seed))[0, 0, 0] < 128 for seed in range(1000))
    assert count == pytest.approx(300, abs=50)


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_thicken_and_thin_change_the_amount_of_ink(dark, channels, drawn):
    image, paper = drawn(channels, dark=dark)
    ink = lambda im: ink_of(im, paper).astype(int).sum()  # noqa: E731
    amounts = [ink(run("thicken", image, paper, radius=[r, r])) for r in (0.0, 0.5, 1.0, 1.5, 3.0)]
    assert amounts[0] == ink(image)
    assert all(low < high for low, high in itertools.pairwise(amounts))
    thinner = [ink(run("thin", image, paper, radius=[r, r])) for r in (0.0, 0.6, 1.0, 1.3)]
    assert thinner[0] == ink(image)
    assert thinner[0] > thinner[1] > thinner[-1]


@pytest.mark.parametrize("paper", [255, 200, 0])
@pytest.mark.parametrize("radius", [0.7, 1.0, 2.5, 4.0])
def test_lines_a_pixel_wide_survive_thinning(paper, radius):
    ink = 0 if paper else 255
    image = np.full((128, 128, 1), paper, np.uint8)
    image[64, 10:118] = ink
    image[10:118, 30] = ink
    out = run("thin", image, np.array([paper], np.uint8), radius=[radius, radius])
    assert np.abs(out[64, 12:116, 0].astype(int) - ink).max() <= 60
    assert np.abs(out[12:116, 30, 0].astype(int) - ink).max() <= 60


@pytest.mark.parametrize(("name", "least"), [("blur", 0.35), ("jpeg", 0.6), ("pressure", 0.35), ("fade", 0.38)])
def test_lines_a_pixel_wide_survive_the_defaults(name, least):
    image, paper = np.full((128, 128, 1), 255, np.uint8), np.full(1, 255, np.uint8)
    image[64, 4:124] = 0
    for seed in range(30):
        kept = (255 - run(name, image, paper, seed)[64, 10:118, 0].astype(int)) / 255
        assert kept.min() >= least


def test_thinning_matches_its_formula(drawn):
    image, paper = drawn(1)
    ink = 255 - image[:, :, 0]
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    eroded = cv2.erode(ink, cross)
    lost = ink.astype(int) - cv2.morphologyEx(ink, cv2.MORPH_OPEN, cross)
    about = np.where(cv2.dilate((lost > 64).astype(np.uint8), cross) > 0, ink, 0)
    expected = 255 - np.maximum.reduce([eroded.astype(int), about, np.minimum(lost + 255 - int(paper[0]), 255)])
    out = run("thin", image, paper, radius=[128 / 96, 128 / 96])
    assert np.array_equal(out[:, :, 0], expected)


@pytest.mark.parametrize("width", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("radius", [1, 2, 3])
@pytest.mark.parametrize("turns", [(0,), (0, 90)], ids=["line", "crossing"])
def test_thinned_lines_stay_in_one_piece(width, radius, turns):
    """At any angle, whether thinner or thicker than the disc: the ends are still joined."""
    for angle in range(0, 90, 10):
        image, paper, ends = np.full((128, 128, 1), 255, np.uint8), np.full(1, 255, np.uint8), []
        for turn in turns:
            step = 45 * np.array([np.cos(np.deg2rad(angle + turn)), np.sin(np.deg2rad(angle + turn))])
            ends += [tuple(np.rint(64 + sign * step).astype(int).tolist()) for sign in (1, -1)]
            cv2.line(image, ends[-2], ends[-1], 0, width, cv2.LINE_AA)
        out = run("thin", image, paper, radius=[radius, radius])
        _, labels = cv2.connectedComponents((out[:, :, 0] < 140).astype(np.uint8), connectivity=8)
        pieces = {labels[y - 5 : y + 6, x - 5 : x + 6].max() for x, y in ends}
        assert len(pieces) == 1
        assert pieces.pop() > 0


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    area=st.floats(0.005, 0.9),
    spread=st.floats(1, 1.2),
    aspect=st.floats(0.2, 4),
    channels=st.sampled_from([1, 3]),
)
def test_erased_share_lies_in_its_range(seed, area, spread, aspect, channels):
    side, high = 128, min(area * spread, 1.0)
    image, paper = np.zeros((side, side, channels), np.uint8), np.array([255, 200, 100][:channels], np.uint8)
    out = run("erase", image, paper, seed, area=[area, high], aspect=[aspect / 1.5, aspect * 1.5])
    erased = (out == paper).all(axis=2)
    rows, columns = np.nonzero(erased)
    assert erased[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all(), "no rectangle"
    slack = 1.5 * (np.ptp(rows) + np.ptp(columns) + 2) / 2 / side**2 + 2 / side**2
    assert area - slack <= erased.mean() <= high + slack


def test_coarse_dropout_bounds_what_it_takes():
    image, paper = np.zeros((100, 100, 1), np.uint8), np.full(1, 255, np.uint8)
    shares = [
        (run("coarse_dropout", image, paper, seed, holes=[5, 5], side=[0.1, 0.1]) == 255).mean() for seed in range(40)
    ]
    assert max(shares) <= 0.05 + 1e-9
    assert min(shares) > 0.012


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), most=st.floats(0.02, 0.9), radius=st.floats(0.02, 0.7))
def test_drop_part_leaves_most_ink(seed, most, radius, drawn):
    image, paper = drawn(1)
    out = run("drop_part", image, paper, seed, most=most, radius=[radius, radius])
    before, after = ink_of(image, paper).astype(int), ink_of(out, paper).astype(int)
    strong = before > 64
    assert after[strong].sum() >= (1 - most) * before[strong].sum() - 1e-9
    assert (after <= before).all()


def test_drop_pieces_takes_whole_small_pieces_only(drawn):
    image, paper = drawn(1)
    small = ink_of(image, paper)[:28, 70:] > 16
    out = run("drop_pieces", image, paper, each=1.0)
    assert (out[:28, 70:][small] == paper).all()
    rest = np.ones(image.shape[:2], bool)
    rest[:28, 70:] = False
    assert np.array_equal(out[rest], image[rest])
    assert np.array_equal(run("drop_pieces", image, paper, each=0.0), image)


def test_broken_only_removes_ink(drawn):
    image, paper = drawn(3)
    out = run("broken", image, paper)
    assert (out >= image).all()
    assert (out > image).any()


@pytest.mark.parametrize("name", ["broken", "drop_part", "drop_pieces", "pressure", "thin", "thicken", "clahe"])
def test_blank_paper_stays_blank(name):
    image = np.full((64, 64, 1), 255, np.uint8)
    assert np.array_equal(run(name, image, np.full(1, 255, np.uint8)), image)


def test_tables_worked_out_by_hand():
    image = np.array([0, 100, 200], np.uint8).reshape(1, 3, 1).repeat(3, axis=0)
    paper = np.array([200], np.uint8)
    row = lambda name, **keys: run(name, image, paper, **keys)[0, :, 0].tolist()  # noqa: E731
    assert row("invert") == [255, 155, 55]
    assert row("fade", strength=[0.5, 0.5]) == [100, 150, 200]
    assert row("paper", amount=[0.1, 0.1]) == [0, 90, 180]
    assert row("ink", amount=[0.1, 0.1]) == [20, 110, 200]
    assert row("gamma", power=[2, 2]) == [0, 39, 157]
    assert row("brightness_contrast", brightness=[0.1, 0.1], contrast=[0, 0]) == [26, 126, 226]
    assert row("brightness_contrast", brightness=[0, 0], contrast=[1, 1]) == [0, 72, 255]


def test_coloured_ink_and_paper_differ_between_channels(drawn):
    image, paper = drawn(3)
    for name in ("ink", "paper"):
        out = run(name, image, paper)
        assert any(not np.array_equal(out[..., 0], out[..., c]) for c in (1, 2))
    assert np.array_equal(run("ink", image, paper)[0, 0], paper)
    grey = run("paper", image, paper, tint=0)
    assert np.array_equal(grey[..., 0], grey[..., 2])


def test_what_is_erased_after_a_change_of_tone_has_the_new_papers_colour():
    image, paper = np.full((40, 40, 3), (250, 240, 230), np.uint8), np.array((250, 240, 230), np.uint8)
    for first in ("invert", "paper", "brightness_contrast", "gamma", "fade"):
        ops = build([{"op": first, "p": 1}, {"op": "erase", "p": 1}, {"op": "coarse_dropout"}, {"op": "broken"}])
        for seed in range(5):
            out = Augment(ops, 40)(image, paper, np.random.default_rng(seed))
            assert len(np.unique(out.reshape(-1, 3), axis=0)) == 1


def test_noise_has_its_deviation():
    image, paper = np.full((200, 200, 1), 128, np.uint8), np.full(1, 255, np.uint8)
    out = run("noise", image, paper, sd=[0.05, 0.05]).astype(float)
    assert out.mean() == pytest.approx(128, abs=0.5)
    assert out.std() == pytest.approx(0.05 * 255, rel=0.03)


def test_jpeg_keeps_the_order_of_channels():
    image = np.full((32, 32, 3), (220, 120, 20), np.uint8)
    out = run("jpeg", image, np.full(3, 255, np.uint8), quality=[90, 90])
    assert np.abs(out.astype(int) - image).max() <= 6


def test_lengths_follow_the_size(drawn):
    """The same policy at twice the size thickens by the same share."""
    shares = []
    for side in (96, 192):
        image, paper = drawn(1, side)
        thick = run("thicken", image, paper, radius=[2.667, 2.667])
        shares.append((thick < 128).mean() - (image < 128).mean())
    assert shares[0] == pytest.approx(shares[1], rel=0.25)
