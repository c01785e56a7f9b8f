from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from sketchfit.data.paper import contrast, ink_mask
from sketchfit.duplicates.candidates import invariants
from sketchfit.duplicates.signature import Signatures, take_signature
from tests.duplicates.scribbles import Image, circle, paper, scribble

SYMMETRIES = [
    lambda image: image[:, ::-1],
    lambda image: image[::-1],
    lambda image: np.rot90(image),
    lambda image: np.rot90(image, 2),
    lambda image: np.rot90(image, 3),
    lambda image: np.swapaxes(image, 0, 1),
]


def size(one: Signatures) -> NDArray[np.float32]:
    return np.abs(one.spectrum[0]).ravel()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), symmetry=st.sampled_from(SYMMETRIES), width=st.integers(1, 6))
def test_the_eight_symmetries_leave_the_magnitudes_alone(seed: int, symmetry, width: int) -> None:
    image = scribble(seed, width=width)
    turned = np.ascontiguousarray(symmetry(image))
    assert np.abs(size(take_signature(image)) - size(take_signature(turned))).max() < 0.02
    assert float(size(take_signature(image)) @ size(take_signature(turned))) > 0.998


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), ink_level=st.integers(0, 120), paper_level=st.integers(180, 255))
def test_ink_and_paper_do_not_matter(seed: int, ink_level: int, paper_level: int) -> None:
    image = scribble(seed)
    share = image.astype(float) / 255
    other = np.rint(ink_level + (paper_level - ink_level) * share).astype(np.uint8)
    for same in (other, 255 - other, np.stack([other, image, image], axis=2)):
        assert float(size(take_signature(image)) @ size(take_signature(same))) > 0.999


def test_a_quarter_turn_multiplies_coefficient_k_by_minus_i_to_the_k_and_a_flip_conjugates() -> None:
    image = scribble(3)
    plain = take_signature(image).spectrum[0]
    # clockwise on the console, where y points down, is the positive sense
    turned = take_signature(np.ascontiguousarray(np.rot90(image, -1))).spectrum[0]
    flipped = take_signature(np.ascontiguousarray(image[::-1])).spectrum[0]
    expected = plain * (-1j) ** np.arange(plain.shape[1])
    assert np.abs(turned - expected).max() < 0.02
    assert np.abs(flipped - plain.conj()).max() < 0.02


def test_a_circle_is_all_frequency_zero_and_a_little_longer_than_its_circumference() -> None:
    one = take_signature(circle(radius=80, width=3))
    power = np.abs(one.spectrum[0]) ** 2
    assert power[:, 0].sum() / power.sum() > 0.97
    assert 2 * np.pi < one.length[0] < 1.15 * 2 * np.pi  # the centre line is one to two pixels wide
    assert one.aspect[0] > 0.97


def test_the_raster_knows_its_place_in_the_image() -> None:
    one = take_signature(circle(radius=40, middle=(150, 90), shape=(200, 300)))
    x, y = one.origin[0] + one.centre[0] / one.scale[0]
    assert (x, y) == (pytest.approx(150, abs=1), pytest.approx(90, abs=1))
    assert one.spread[0] / one.scale[0] == pytest.approx(40, rel=0.03)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (40, 2), (60, 60), (5, 5, 3)])
def test_blank_and_tiny_images_have_nothing_drawn(shape: tuple[int, ...]) -> None:
    for level in (0, 128, 255):
        assert not take_signature(np.full(shape, level, np.uint8)).drawn[0]


def test_a_single_dot_is_not_a_drawing() -> None:
    image = paper((80, 80))
    image[40, 40] = 0
    assert not take_signature(image).drawn[0]


@settings(max_examples=30, deadline=None)
@given(image=arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_any_image_has_a_finite_signature(image: Image) -> None:
    one = take_signature(image)
    for values in (one.spectrum, one.centre, one.spread, one.scale, one.width, one.length, one.aspect):
        assert np.isfinite(values).all()
    assert 0 <= one.aspect[0] <= 1


def test_contrast_is_the_largest_over_the_channels_and_ink_needs_some() -> None:
    image = np.full((20, 20, 3), (250, 250, 250), np.uint8)
    image[8:12, 8:12] = (250, 250, 40)
    assert contrast(image)[9, 9] == 210
    assert contrast(image)[0, 0] == 0
    assert (ink_mask(contrast(image)) > 0).sum() == 16
    faint = np.full((20, 20), 250, np.uint8)
    faint[8:12, 8:12] = 240
    assert not ink_mask(contrast(faint)).any()


def test_invariants_have_unit_norm() -> None:
    spectrum = np.concatenate([take_signature(scribble(seed)).spectrum for seed in range(5)])
    assert np.linalg.norm(invariants(spectrum), axis=1) == pytest.approx(np.ones(5), abs=1e-5)
