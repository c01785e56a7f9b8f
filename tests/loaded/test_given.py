"""What a program gives becomes images one by one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from sketchfit.data.given_images import decode_given
from sketchfit.data.images import ImageError
from sketchfit.errors import DataError
from sketchfit.loaded.given import given_images, in_parts

GREY = np.full((6, 5), 9, np.uint8)


@pytest.mark.parametrize(
    "one",
    ["a.png", Path("a.png"), b"content", bytearray(b"content"), GREY, GREY[..., None], Image.fromarray(GREY)],
)
def test_one_image_alone_or_in_a_list(one: Any) -> None:
    (alone,), (listed,) = given_images(one), given_images([one])
    assert alone.name == listed.name
    assert type(alone.image) is type(listed.image)


@pytest.mark.parametrize("given", ["s3://bucket/drawings", [Path("s3://bucket/drawing.png")]])
def test_an_address_is_refused_with_what_reads_it(given: Any) -> None:
    with pytest.raises(DataError) as caught:
        list(given_images(given))
    assert "s3://bucket/drawing" in caught.value.problems[0]
    assert "sketchfit.predict" in caught.value.hint


@pytest.mark.parametrize(
    ("several", "names"),
    [
        (["a.png", Path("b.png"), GREY], ["a.png", "b.png", "#2"]),
        ((name for name in ("a.png", "b.png")), ["a.png", "b.png"]),
        (np.zeros((3, 4, 5, 1)), ["#0", "#1", "#2"]),
        (np.array(["a.png", "b.png"]), ["a.png", "b.png"]),
        (pd.Series(["a.png", "b.png"]), ["a.png", "b.png"]),
        (torch.zeros(2, 4, 5, 3, requires_grad=True), ["#0", "#1"]),
        ([], []),
    ],
)
def test_several_images(several: Any, names: list[str]) -> None:
    assert [one.name for one in given_images(several)] == names


def test_folders_and_tables(drawn: Path) -> None:
    table = [one.name for one in given_images(str(drawn / "test.csv"))]
    assert table == pd.read_csv(drawn / "test.csv")["image_path"].tolist()
    folder = list(given_images(drawn / "test"))
    assert len(folder) == len(table)
    assert all(isinstance(one.image, Path) and one.image.is_file() for one in folder)


@pytest.mark.parametrize(
    "wrong",
    [
        *(None, 3, {"a.png": 1}, np.float32(1), io.BytesIO(b"a\nb"), np.zeros((2, 2, 2, 2, 2))),
        *([None], [["a.png"]], [1, 2], [np.zeros(3)]),
    ],
)
def test_what_is_no_image(wrong: Any) -> None:
    with pytest.raises(TypeError):
        list(given_images(wrong))


@pytest.mark.parametrize("path", ["", "a" * 5000, "a\0b"])
def test_an_empty_or_impossible_path_is_one_image(path: str) -> None:
    (found,) = given_images(path)
    with pytest.raises(ImageError):
        decode_given(found.image, 1000)


def test_a_file_of_pillow_that_cannot_be_decoded_is_an_error_of_this_image(drawn: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 90), np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:900])
    with Image.open(next((drawn / "test").iterdir())) as closed:
        pass
    for broken in (Image.open(tmp_path / "cut.png"), closed):
        first, second = given_images([broken, GREY])
        with pytest.raises(ImageError):
            decode_given(first.image, 10_000)
        assert second.image is GREY


def test_parts_read_no_more_than_they_need() -> None:
    read: list[int] = []

    def images() -> Any:
        for number in range(5):
            read.append(number)
            yield GREY

    parts = in_parts(given_images(images()), 2)
    assert (len(next(parts)), read) == (2, [0, 1])
    assert [len(part) for part in parts] == [2, 1]


@pytest.mark.parametrize(
    ("image", "size"), [(GREY, 30), (Image.fromarray(np.dstack([GREY] * 3)), 90), (b"x" * 30, 30), ("a.png", 0)]
)
def test_parts_are_limited_by_the_memory_of_what_is_given(image: Any, size: int) -> None:
    parts = [len(part) for part in in_parts(given_images([image] * 7), 5, most=60)]
    assert parts == {0: [5, 2], 30: [2, 2, 2, 1], 90: [1] * 7}[size]


def test_a_file_of_pillow_is_loaded_at_once(drawn: Path) -> None:
    path = next((drawn / "test").iterdir())
    with Image.open(path) as image:
        (found,) = given_images(image)
        assert found.name == str(path)
    assert found.image.getpixel((0, 0)) is not None  # type: ignore[union-attr]
