"""Preprocessing as an ONNX graph: images of any size become the pictures that a network was trained on.

The steps are those of `data.neutral`, `data.resize` and `transforms.resample.resize`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sketchfit.data.neutral import GREY_TOLERANCE
from sketchfit.data.resize import FREE_PIXELS, INK_CONTRAST, INK_MARGIN, Resize
from sketchfit.models.conversion.graph_builder import GraphBuilder, Value
from sketchfit.models.conversion.resize_graph import COLUMNS, ROWS, ResizedAxis, averaged, interpolated, resized

INPUT, OUTPUT = "image", "pictures"

_IMAGES = ("batch", "height", "width", "channels")

_GREY = ((9798,), (19235,), (3735,))
"""Weights of red, green and blue, as shares of 2 ** 15."""

_DIFFERENCES = ((1, 0, 1), (-1, 1, 0), (0, -1, -1))
"""From red, green and blue to red - green, green - blue, red - blue."""


@dataclass(frozen=True)
class PictureSteps:
    """How an image becomes a picture.

    Attributes:
        channels: 1 (colour becomes grey) or 3 (grey is repeated).
        resize: how it is made square.
        stored: side of the first square in pixels.
        size: side of the picture in pixels.
        averages: whether the second step, from `stored` to `size`, averages; otherwise it interpolates.
    """

    channels: Literal[1, 3]
    resize: Resize
    stored: int
    size: int
    averages: bool


def preprocess_model(steps: PictureSteps, opset: int, ir_version: int) -> Any:
    """Return the graph as an `onnx.ModelProto`.

    Its input `image` is uint8 [N, H, W, 1 or 3], RGB, with any H and W; its output `pictures` is uint8
    [N, size, size, channels].
    """
    import onnx  # an optional package

    builder = GraphBuilder(opset)
    image = builder.input(INPUT, np.uint8)
    pictures = _each(image, steps) if steps.resize == "ink" else _pictures(image, steps)
    builder.named(pictures, OUTPUT)
    shapes: dict[str, list[str | int | None]] = {
        INPUT: ["batch", "height", "width", "colours"],
        OUTPUT: ["batch", steps.size, steps.size, steps.channels],
    }
    place = {
        name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.UINT8, shape) for name, shape in shapes.items()
    }
    graph = builder.graph("preprocessing", [place[INPUT]], [place[OUTPUT]])
    opsets = [onnx.helper.make_opsetid("", opset)]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=ir_version)


def _pictures(image: Value, steps: PictureSteps) -> Value:
    """Return pictures of images uint8 [N, H, W, 1 or 3]; one image at a time for `ink`."""
    make = image.builder.constant
    picture = _square(_coloured(image, steps.channels), steps)
    if steps.stored != steps.size:
        before, after = make([steps.stored], np.int64), make([steps.size], np.int64)
        rows, columns = (ResizedAxis(axis, before, after) for axis in (ROWS, COLUMNS))
        picture = (averaged if steps.averages else interpolated)(picture, rows, columns)
    return image.builder.op("Expand", picture, make([1, 1, 1, steps.channels], np.int64))


def _each(image: Value, steps: PictureSteps) -> Value:
    """Return the pictures of images that are prepared one after the other: each has another ink."""
    import onnx

    builder = image.builder
    body = GraphBuilder(builder.opset, f"{builder.prefix}one_")
    one = body.op("Unsqueeze", body.input("one", np.uint8), body.constant([0], np.int64))
    picture = body.op("Squeeze", _pictures(one, steps), body.constant([0], np.int64))
    body.named(picture, "picture")
    kind = onnx.TensorProto.UINT8
    given = onnx.helper.make_tensor_value_info("one", kind, ["height", "width", "colours"])
    made = onnx.helper.make_tensor_value_info("picture", kind, [steps.size, steps.size, steps.channels])
    return builder.op("Scan", image, body=body.graph("one_image", [given], [made]), num_scan_inputs=1)


def _coloured(image: Value, channels: int) -> Value:
    """Return images without a colour that is neutral, see `data.neutral`: uint8 [N, H, W, 1 or 3]."""
    is_grey = image.length(3).equals(1)
    reduce_colour = _grey if channels == 1 else _grey_where_neutral
    return image.builder.choice(is_grey, lambda grey: grey, reduce_colour, image, _IMAGES)


def _grey_where_neutral(image: Value) -> Value:
    """Return grey [N, H, W, 1] where all images are neutral; otherwise in three channels those that are not."""
    make = image.builder.constant
    apart = image.builder.op("MatMul", image.to(np.float32), make(_DIFFERENCES, np.float32))
    most = apart.largest(1, 2).at_least(apart.smallest(1, 2) * -1.0).largest(3)
    neutral = ~most.above(GREY_TOLERANCE)
    some = most.smallest(0).above(GREY_TOLERANCE).shaped(1)
    every = (~most.largest(0).above(GREY_TOLERANCE)).shaped(1)

    def mixed(images: Value) -> Value:
        return images.builder.outside(neutral).where(_grey(images), images)

    def not_grey(images: Value) -> Value:
        builder = images.builder
        return builder.choice(builder.outside(some), lambda coloured: coloured, mixed, images, _IMAGES)

    return image.builder.choice(every, _grey, not_grey, image, _IMAGES)


def _grey(image: Value) -> Value:
    """Return RGB images as `cv2.COLOR_RGB2GRAY` makes them grey, uint8 [N, H, W, 1]: integers in floats, exact."""
    weighted = image.builder.op("MatMul", image.to(np.float32), image.builder.constant(_GREY, np.float32))
    return ((weighted + float(1 << 14)) * 2.0**-15).floor().to(np.uint8)


def _square(image: Value, steps: PictureSteps) -> Value:
    """Return the images as `data.resize.to_square` makes them, uint8 [N, stored, stored, C]."""
    side = image.builder.constant([steps.stored], np.int64)
    if steps.resize == "stretch":
        return resized(image, *(ResizedAxis(axis, image.length(axis), side) for axis in (ROWS, COLUMNS)))
    if steps.resize == "crop":
        short = image.length(ROWS).at_most(image.length(COLUMNS))
        for axis in (ROWS, COLUMNS):
            start = (image.length(axis) - short) / 2
            image = image.part(start, start + short, axis)
        return resized(image, *(ResizedAxis(axis, short, side) for axis in (ROWS, COLUMNS)))
    paper = _paper(image)
    if steps.resize == "ink":
        image = _cut_to_ink(image, paper)
    return _padded(image, side, paper)


def _paper(image: Value) -> Value:
    """Return `data.paper.paper_colour` of each image, uint8 [N, 1, 1, C]."""
    rows = image.take([0, -1], ROWS)
    columns = image.take([0, -1], COLUMNS)
    make, channels = image.builder.constant, image.length(3)
    shape = image.builder.op("Concat", make([0, -1], np.int64), channels, axis=0)
    bands = [image.builder.op("Reshape", band, shape) for band in (rows, columns)]
    frame = image.builder.op("Concat", *bands, axis=1).to(np.int32)
    half = image.length(ROWS) + image.length(COLUMNS)  # of the pixels of the frame
    ordered = image.builder.op("TopK", frame, half + 1, outputs=2, axis=1)
    middle = ordered.take(half - 1, 1) + ordered.take(half, 1)
    return image.builder.op("Unsqueeze", middle / 2, make([1], np.int64)).to(np.uint8)


def _cut_to_ink(image: Value, paper: Value) -> Value:
    """Return an image [1, H, W, C] cropped to its ink, with a margin of paper; all of it where there is no ink."""
    bounds = []
    for axis, other in ((ROWS, COLUMNS), (COLUMNS, ROWS)):
        lightest, darkest = (one.to(np.int32) for one in (image.largest(other), image.smallest(other)))
        own = paper.to(np.int32)
        inked = (lightest - own).at_least(own - darkest).largest(3).above(INK_CONTRAST).to(np.int32)
        first, last = (
            image.builder.op("ArgMax", inked, dtype=np.int64, axis=axis, select_last_index=which).shaped(1)
            for which in (0, 1)
        )
        # Without ink both are found among equal values: the first and the last of all.
        bounds.append((first, last + 1))
    (top, bottom), (left, right) = bounds
    cut = image.part(top, bottom, ROWS).part(left, right, COLUMNS)
    height, width = cut.length(ROWS), cut.length(COLUMNS)
    pixels, _ = _with_margin(height, width)
    allowed = height * width * 2 + FREE_PIXELS

    def shrunk(thin: Value) -> Value:
        here = thin.builder
        scale = here.op("Sqrt", here.outside(allowed).to(np.float64) / here.outside(pixels).to(np.float64))
        sides = (here.outside(height), here.outside(width))
        after = [(scale * side.to(np.float64)).round().to(np.int64).at_least(1) for side in sides]
        return resized(thin, ResizedAxis(ROWS, sides[0], after[0]), ResizedAxis(COLUMNS, sides[1], after[1]))

    cut = image.builder.choice(pixels.above(allowed), shrunk, lambda same: same, cut, [None] * 4)
    _, margin = _with_margin(cut.length(ROWS), cut.length(COLUMNS))
    return _bordered(cut, ((margin, margin), (margin, margin)), paper)


def _with_margin(height: Value, width: Value) -> tuple[Value, Value]:
    """Return the pixels of the ink with a margin of paper, and the width of the margin, int64 [1]."""
    longer = height.at_least(width).to(np.float64)
    margin = (longer * INK_MARGIN).round().to(np.int64).at_least(1)
    return (height + margin * 2) * (width + margin * 2), margin


def _padded(image: Value, side: Value, paper: Value) -> Value:
    """Return images resized to a longer side and padded to a square, see `data.resize`."""
    lengths = [image.length(axis) for axis in (ROWS, COLUMNS)]
    scale = side.to(np.float64) / lengths[0].at_least(lengths[1]).to(np.float64)
    after = [(length.to(np.float64) * scale).round().to(np.int64).at_least(1) for length in lengths]
    axes = [
        ResizedAxis(axis, *pair) for axis, pair in zip((ROWS, COLUMNS), zip(lengths, after, strict=True), strict=True)
    ]
    before = [(side - length) / 2 for length in after]
    borders = [(first, side - length - first) for first, length in zip(before, after, strict=True)]
    return _bordered(resized(image, *axes), (borders[0], borders[1]), paper)


def _bordered(image: Value, borders: tuple[tuple[Value, Value], tuple[Value, Value]], paper: Value) -> Value:
    """Return images with so many pixels of paper above and below, on the left and on the right."""
    make = image.builder.constant
    (above, below), (left, right) = borders
    zero = make([0], np.int64)
    pads = image.builder.op("Concat", zero, above, left, zero, zero, below, right, zero, axis=0)
    padded = image.builder.op("Pad", image.to(np.int32) + 1, pads)  # 0 only outside
    return padded.above(0).where(padded - 1, paper.to(np.int32)).to(np.uint8)


def complete_model(steps: PictureSteps, network: bytes) -> bytes:
    """Return one graph from images of any size to what a network's graph returns for their pictures.

    Args:
        steps: how images become pictures.
        network: an ONNX graph with the one input `images`, uint8 [N, size, size, channels].
    """
    import onnx

    model = onnx.load_model_from_string(network)
    opset = next(one.version for one in model.opset_import if one.domain in ("", "ai.onnx"))
    before = preprocess_model(steps, opset, model.ir_version)
    merged = onnx.compose.merge_models(before, model, io_map=[(OUTPUT, model.graph.input[0].name)])
    content: bytes = merged.SerializeToString()
    return content
