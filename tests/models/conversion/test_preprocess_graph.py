"""The graph gives the pictures that decoding, the store and the identity view give, for images of any shape."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sketchfit.data.neutral import grey_if_neutral
from sketchfit.data.resize import Resize
from sketchfit.data.store_settings import StoreSettings
from sketchfit.models.conversion.preprocess_graph import PictureSteps, complete_model, preprocess_model
from sketchfit.transforms.resample import averages, resize

OPSET, IR = 17, 8
SIZES = [(36, 32), (32, 32), (64, 32)]
RESIZES: list[Resize] = ["pad", "stretch", "crop", "ink"]


def steps_of(how: Resize, channels: Any = 3, stored: int = 36, size: int = 32) -> PictureSteps:
    return PictureSteps(channels, how, stored, size, averages(stored, size))


@lru_cache(maxsize=64)
def session(steps: PictureSteps) -> onnxruntime.InferenceSession:
    model = preprocess_model(steps, OPSET, IR)
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def by_graph(steps: PictureSteps, images: np.ndarray) -> np.ndarray:
    return session(steps).run(None, {"image": images})[0].astype(int)


def as_in_training(steps: PictureSteps, image: np.ndarray) -> np.ndarray:
    pixels = grey_if_neutral(image if image.shape[2] == 3 else image[:, :, 0])
    stored, _ = StoreSettings(steps.stored, steps.resize, "auto" if steps.channels == 3 else 1).square(pixels)
    picture = resize(stored, steps.size)
    return np.broadcast_to(picture, (steps.size, steps.size, steps.channels)).astype(int)


def drawing(height: int, width: int, channels: int, seed: int) -> np.ndarray:
    """Paper of a random colour with some noise, and strokes of random colours: uint8 [height, width, channels]."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, channels), rng.integers(0, 256, channels))
    for _ in range(int(rng.integers(0, 4))):
        top, left = int(rng.integers(0, height)), int(rng.integers(0, width))
        image[top : top + max(1, height // 9), left : left + max(1, width // 2)] = rng.integers(0, 256, channels)
    return np.clip(image + rng.integers(-2, 3, image.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("how", RESIZES)
@pytest.mark.parametrize("wanted", [1, 3])
@settings(max_examples=12)
@given(
    height=st.integers(1, 120),
    width=st.integers(1, 120),
    channels=st.sampled_from([1, 3]),
    sizes=st.sampled_from(SIZES),
    seed=st.integers(0, 99),
)
@example(height=72, width=72, channels=3, sizes=(36, 32), seed=1)  # exactly half: halves are rounded up
@example(height=12, width=112, channels=1, sizes=(36, 32), seed=0)
@example(height=1, width=1, channels=1, sizes=(36, 32), seed=1)
@example(height=120, width=1, channels=3, sizes=(32, 32), seed=2)
@example(height=120, width=20, channels=1, sizes=(64, 32), seed=3)  # `stretch` shrinks one side only
def test_pictures_are_those_of_training(
    how: Resize, wanted: int, height: int, width: int, channels: int, sizes: tuple[int, int], seed: int
) -> None:
    steps = steps_of(how, wanted, *sizes)
    images = np.stack([drawing(height, width, channels, seed + number) for number in range(2)])
    expected = np.stack([as_in_training(steps, image) for image in images])
    apart = np.abs(by_graph(steps, images) - expected)
    assert apart.max() <= 1
    assert (apart > 0).mean() <= 0.002  # nothing differs on processors without fused additions; see resize_graph.py


@pytest.mark.parametrize("how", RESIZES)
def test_interpolated_pictures_are_equal(how: Resize) -> None:
    steps = steps_of(how)
    for height, width in ((7, 9), (20, 11), (36, 36), (1, 30)):
        image = drawing(height, width, 3, height)
        np.testing.assert_array_equal(by_graph(steps, image[None])[0], as_in_training(steps, image))


def test_a_colour_counts_from_a_difference_of_thirteen() -> None:
    """Worked out by hand: grey of (100, 100, 112) is 0.299·100 + 0.587·100 + 0.114·112 = 101.4."""
    images = np.full((2, 32, 32, 3), 100, np.uint8)
    images[0, :, :, 2], images[1, :, :, 2] = 112, 113
    pictures = by_graph(steps_of("pad", 3, 32, 32), images)
    assert np.unique(pictures[0]).tolist() == [101]
    assert np.unique(pictures[1].reshape(-1, 3), axis=0).tolist() == [[100, 100, 113]]
    assert np.unique(by_graph(steps_of("pad", 1, 32, 32), images)[1]).tolist() == [101]


def test_paper_is_the_median_of_the_frame() -> None:
    """The frame has 2·4 + 2·2 pixels: three of 10, nine of 20. There are 8 rows of paper above a picture of 2:1."""
    image = np.full((1, 2, 4, 1), 20, np.uint8)
    image[0, 0, :2] = 10  # the corner counts twice
    picture = by_graph(steps_of("pad", 1, 32, 32), image)[0, :, :, 0]
    assert (picture[:8] == 20).all()
    assert (picture[24:] == 20).all()
    assert picture[8, 0] == 10


def test_ink_is_cut_out_of_each_image() -> None:
    """A square of 20 px gets a margin of 1 px, wherever it is: 22 px become 44. Enlarging blends its border."""
    images = np.full((2, 60, 90, 1), 255, np.uint8)
    images[0, 3:23, 5:25] = 0
    images[1, 30:50, 60:80] = 0
    first, second = by_graph(steps_of("ink", 1, 44, 44), images)
    np.testing.assert_array_equal(first, second)
    assert (first == 0).sum() == 38**2


@pytest.mark.parametrize("shape", [(3, 4000), (1, 30_000), (30_000, 2), (1100, 1)])
def test_long_and_thin_ink_has_no_large_margin(shape: tuple[int, int]) -> None:
    steps = steps_of("ink", 1)
    image = np.random.default_rng(0).integers(0, 2, (*shape, 1)).astype(np.uint8) * 255
    image[:: shape[0] - 1 or 1, :: shape[1] - 1 or 1] = 0
    np.testing.assert_array_equal(by_graph(steps, image[None])[0], as_in_training(steps, image))


def test_one_graph_from_images_to_answers() -> None:
    """The mean of a picture's pixels stands for a network."""
    make = onnx.helper
    given_ = make.make_tensor_value_info("images", onnx.TensorProto.UINT8, ["batch", 32, 32, 1])
    made = make.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, ["batch", 1])
    nodes = [
        make.make_node("Cast", ["images"], ["floats"], to=onnx.TensorProto.FLOAT),
        make.make_node("ReduceMean", ["floats"], ["mean"], axes=[1, 2], keepdims=0),
        make.make_node("Identity", ["mean"], ["probabilities"]),
    ]
    graph = make.make_graph(nodes, "mean", [given_], [made])
    network = make.make_model(graph, opset_imports=[make.make_opsetid("", OPSET)], ir_version=IR)
    steps = steps_of("ink", 1)
    content = complete_model(steps, network.SerializeToString())
    onnx.checker.check_model(onnx.load_model_from_string(content), full_check=True)
    merged = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert [one.name for one in merged.get_inputs()] == ["image"]
    images = np.stack([drawing(50, 80, 3, seed) for seed in range(3)])
    found = merged.run(["probabilities"], {"image": images})[0]
    np.testing.assert_allclose(found[:, 0], by_graph(steps, images).mean(axis=(1, 2, 3)), rtol=1e-6)
