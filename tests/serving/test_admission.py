"""What is in work is counted, and too much is refused with a time after which to try again."""

from __future__ import annotations

import pytest

from sketchfit.serving.admission import LONGEST_RETRY, Admission
from sketchfit.serving.refused import Refused
from sketchfit.serving.settings import Capacity


def test_images_up_to_the_capacity_are_admitted() -> None:
    admission = Admission(Capacity(images=3))
    admission.admit(2)
    admission.admit(1)
    with pytest.raises(Refused) as found:
        admission.admit(1)
    assert found.value.status == 429
    admission.release(2)
    admission.admit(2)
    assert admission.images == 3


def test_more_images_than_there_is_ever_room_for_are_too_large() -> None:
    with pytest.raises(Refused) as found:
        Admission(Capacity(images=3)).admit(4)
    assert found.value.status == 413


@pytest.mark.parametrize(("images", "status"), [(2, None), (3, 413), (4, 413)])
def test_images_of_one_request_are_compared_together(images: int, status: int | None) -> None:
    admission = Admission(Capacity(images=3))
    admission.admit(1)
    if status is None:
        admission.admit(images, held=1)
        assert admission.images == 3
        return
    with pytest.raises(Refused) as found:
        admission.admit(images, held=1)
    assert found.value.status == status
    assert admission.images == 1


def test_bytes_are_counted_out_at_the_end_also_after_a_refusal() -> None:
    admission = Admission(Capacity(bytes=10))
    with admission.body() as first:
        first.add(6)
        with admission.body() as second:
            second.add(4)
            with pytest.raises(Refused) as found:
                second.add(1)
        assert found.value.status == 429
        assert admission.bytes == 6
    assert admission.bytes == 0


@pytest.mark.parametrize(("seconds", "retry"), [(0.0, 1), (0.1, 1), (30.0, 6), (1e6, LONGEST_RETRY)])
def test_the_time_to_try_again_is_that_of_the_queue(seconds: float, retry: int) -> None:
    admission = Admission(Capacity(images=2))
    admission.learn(10, seconds)
    admission.admit(2)
    with pytest.raises(Refused) as found:
        admission.admit(1)
    assert found.value.retry == retry


def test_the_time_per_image_follows_slowly() -> None:
    admission = Admission(Capacity())
    admission.learn(2, 2.0)
    admission.learn(1, 2.0)
    assert admission.seconds == pytest.approx(0.9 * 1 + 0.1 * 2)
