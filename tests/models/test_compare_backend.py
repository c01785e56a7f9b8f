"""What computes in place of torch is compared with it on the first pictures."""

from __future__ import annotations

import numpy as np
import pytest

from sketchfit.models.compare_backend import CHECKED, same_as_torch

PICTURES = np.arange(12, dtype=np.uint8).reshape(12, 1, 1, 1)


def in_torch(pictures):
    return pictures.reshape(-1, 1).astype(np.float32)


def added(amount, shape=(-1, 1)):
    return lambda: lambda pictures: (in_torch(pictures) + np.float32(amount)).reshape(shape)


def raises():
    raise ValueError("no such operator\nmore")


@pytest.mark.parametrize(("most", "amount"), [(0.5, 0.5), (0.5, 0), (None, 7)])
def test_a_backend_that_computes_the_same_is_used(most, amount):
    backend, why = same_as_torch(added(amount), PICTURES, in_torch, most)
    assert why == ""
    assert backend(PICTURES)[3, 0] == 3 + amount


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (raises, "it failed: ValueError: no such operator"),
        (added(0.75), "its values differ by 0.8 from torch's"),
        (added(np.nan), "its values differ by nan from torch's"),
        (added(0, (-1, 2)), "it returns shape (6, 2), not (8, 1)"),
    ],
)
def test_torch_is_used_otherwise(build, reason):
    assert same_as_torch(build, PICTURES, in_torch, 0.5) == (in_torch, reason)


def test_only_some_pictures_are_compared():
    def late():
        return lambda pictures: in_torch(pictures) + (np.arange(len(pictures)) >= CHECKED)[:, None]

    assert same_as_torch(late, PICTURES, in_torch, 0.5)[1] == ""


def test_the_difference_may_have_another_scale():
    backend, _ = same_as_torch(added(1), PICTURES, in_torch, 0.5, lambda found, expected: float(expected.max()) / 100)
    assert backend is not in_torch
