"""The script prepares images as training does, bit for bit, and needs NumPy and OpenCV alone."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.bundle.manifest import Preprocessing
from sketchfit.bundle.prepare import prepared
from sketchfit.commands.bundle.preprocess_script import preprocess_script
from sketchfit.data.neutral import grey_if_neutral

RESIZES = ("pad", "stretch", "crop", "ink")


def settings_of(resize: Any, channels: Any, stored: int = 36) -> Preprocessing:
    return Preprocessing(max_pixels=1_000_000, channels=channels, resize=resize, stored=stored, size=32)


@pytest.mark.parametrize("resize", RESIZES)
@pytest.mark.parametrize("channels", [1, 3])
@settings(max_examples=10)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    colour=st.booleans(),
    stored=st.sampled_from([32, 36, 64]),
    seed=st.integers(0, 9),
)
def test_bits_are_equal(
    resize: str, channels: int, height: int, width: int, colour: bool, stored: int, seed: int
) -> None:
    own = settings_of(resize, channels, stored)
    space: dict[str, Any] = {}
    exec(preprocess_script(own), space)
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3) if colour else (height, width), 230, np.uint8)
    image[height // 3 : height // 2 + 1, width // 4 : width // 2 + 1] = rng.integers(0, 256, 3 if colour else ())
    found = space["prepare"](image)
    assert found.shape == (1, 32, 32, channels)
    np.testing.assert_array_equal(found[0], prepared(grey_if_neutral(image), own))


def test_imports() -> None:
    tree = ast.parse(preprocess_script(settings_of("pad", 3)))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert (names, modules) == ({"cv2", "math", "numpy"}, {"__future__"})


def test_long_and_thin_drawings_are_prepared_as_in_training() -> None:
    own = settings_of("ink", 1)
    space: dict[str, Any] = {}
    exec(preprocess_script(own), space)
    image = np.full((10, 40_000), 255, np.uint8)
    image[4:6, 100:30_000] = 0
    np.testing.assert_array_equal(space["prepare"](image)[0], prepared(image, own))
