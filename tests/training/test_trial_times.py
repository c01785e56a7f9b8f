"""The time per image of a complete batch, measured or extrapolated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.training.trial_job import FEW
from sketchfit.training.trial_times import CHEAP_SECONDS, MORE, extrapolated


class Affine:
    """Batches that take a constant time plus a time per image; records the sizes that are measured."""

    def __init__(self, constant: float, each: float) -> None:
        self.constant, self.each, self.sizes = constant, each, list[int]()

    def __call__(self, images: int) -> float:
        self.sizes.append(images)
        return self.constant + self.each * images


@given(constant=st.floats(0, 0.5), each=st.floats(0.001, 0.25), batch=st.integers(FEW, 512))
def test_a_constant_and_a_time_per_image_are_found(constant: float, each: float, batch: int) -> None:
    clock = Affine(constant, each)
    found = extrapolated(clock, constant + each * FEW, batch)
    assert found == pytest.approx(constant / batch + each, rel=1e-6)


@given(constant=st.floats(0, 5), each=st.floats(0.001, 5), batch=st.integers(FEW, 512))
def test_no_batch_is_measured_that_is_neither_small_nor_cheap(constant: float, each: float, batch: int) -> None:
    clock = Affine(constant, each)
    extrapolated(clock, constant + each * FEW, batch)
    assert all(images <= MORE or constant + each * images <= CHEAP_SECONDS * 1.001 for images in clock.sizes)


def test_a_disturbed_first_measurement_gives_no_negative_time() -> None:
    assert extrapolated(Affine(0.0, 0.05), few=0.9, batch=64) == pytest.approx(0.05)


@given(constant=st.floats(0, 5), each=st.floats(0.51, 5), batch=st.integers(FEW, 512))
def test_where_a_few_images_take_long_nothing_more_is_measured(constant: float, each: float, batch: int) -> None:
    clock, few = Affine(constant, each), constant + each * FEW
    assert extrapolated(clock, few, batch) == pytest.approx(few / FEW)
    assert clock.sizes == []


class Cold(Affine):
    """The first batch of each size takes three times as long."""

    def __call__(self, images: int) -> float:
        known = images in self.sizes
        return super().__call__(images) * (1 if known else 3)


@given(each=st.floats(0.001, 0.25), batch=st.integers(FEW + 1, 512))
def test_the_first_batch_of_a_size_does_not_count(each: float, batch: int) -> None:
    assert extrapolated(Cold(0.1, each), 0.1 + each * FEW, batch) == pytest.approx(0.1 / batch + each, rel=1e-6)
