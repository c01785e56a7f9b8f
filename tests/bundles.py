"""A bundle that needs no training: it finds lines and dots by the largest share of ink in a row and in a column."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchfit.bundle.manifest import (
    COMPLETE,
    PREPARED,
    Accuracy,
    BundleFile,
    BundleManifest,
    NetworkFacts,
    PenInk,
    Preprocessing,
    SetThresholds,
)
from sketchfit.bundle.neighbours import THUMBNAIL, Neighbours
from sketchfit.runs.arrays import write_npz
from sketchfit.runs.estimates import Estimate

SIZE = 32
SHARPNESS = 12.0
DOT = 0.3
"""Share of ink in the fullest row and column below which a drawing is a dot."""

LABELS, NAMES = ("0", "1", "2"), ("horizontal line", "vertical line", "dot")


def write_tiny_bundle(folder: Path, *, neighbours: bool = False, **changes: Any) -> BundleManifest:
    """Write the bundle; `changes` replace fields of its manifest. Its graphs take pictures of three channels."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / COMPLETE).write_bytes(tiny_graph("image", None))
    (folder / PREPARED).write_bytes(tiny_graph("images", SIZE))
    image = tiny_picture("horizontal")
    write_npz(folder / "test_vector.npz", {"image": image, "probabilities": tiny_probabilities(image[None])})
    if neighbours:
        tiny_neighbours().write(folder)
    manifest = tiny_manifest(folder).model_copy(update=changes)
    manifest.write(folder)
    return manifest


def tiny_manifest(folder: Path) -> BundleManifest:
    return BundleManifest(
        labels=LABELS,
        names=NAMES,
        network=NetworkFacts(source="fold", name="members/a/fold0", architecture="tiny", parameters=3),
        accuracy=Accuracy(network=Estimate(0.9, 0.85, 0.94, 200), measured_on="the rows of fold 0"),
        preprocessing=Preprocessing(max_pixels=1_000_000, channels=3, resize="pad", stored=SIZE, size=SIZE),
        features=4,
        sets=SetThresholds(thresholds={"0.9": 0.8, "0.95": 0.9}, n=200),
        ink=PenInk(line_width=0.04, margin=0.1),
        files={path.name: _facts(path) for path in sorted(folder.iterdir()) if path.suffix in (".onnx", ".npz")},
        made_by="0.1.0",
        run="tiny",
    )


def _facts(path: Path) -> BundleFile:
    content = path.read_bytes()
    return BundleFile(bytes=len(content), digest=hashlib.blake2b(content, digest_size=16).hexdigest())


def tiny_graph(name: str, size: int | None) -> bytes:
    """Return the graph: uint8 [N, H, W, 3] → probabilities [N, 3], features [N, 4]."""
    from onnx import TensorProto, helper

    def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> Any:
        return helper.make_node(kind, inputs, [output], **attributes)

    def constant(key: str, values: list[float]) -> Any:
        return helper.make_tensor(key, TensorProto.FLOAT, [len(values)], values)

    sides = [size or "H", size or "W"]
    nodes = [
        node("Cast", [name], "float", to=TensorProto.FLOAT),
        node("Sub", ["white", "float"], "dark"),
        node("Div", ["dark", "white"], "ink"),
        node("ReduceMean", ["ink"], "grey", axes=[3], keepdims=0),
        node("ReduceMean", ["grey"], "by_row", axes=[2], keepdims=0),
        node("ReduceMean", ["grey"], "by_column", axes=[1], keepdims=0),
        node("ReduceMax", ["by_row"], "fullest_row", axes=[1], keepdims=1),
        node("ReduceMax", ["by_column"], "fullest_column", axes=[1], keepdims=1),
        node("ReduceMean", ["by_row"], "share", axes=[1], keepdims=1),
        node("Mul", ["fullest_row", "zero"], "nothing"),
        node("Add", ["nothing", "dot"], "dots"),
        node("Concat", ["fullest_row", "fullest_column", "dots"], "scores", axis=1),
        node("Concat", ["scores", "share"], "features", axis=1),
        node("Mul", ["scores", "sharpness"], "logits"),
        node("Softmax", ["logits"], "probabilities", axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.UINT8, ["N", *sides, 3])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 3]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 4]),
        ],
        [
            constant("white", [255.0]),
            constant("zero", [0.0]),
            constant("dot", [DOT]),
            constant("sharpness", [SHARPNESS]),
        ],
    )
    content: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    ).SerializeToString()
    return content


def tiny_features(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the graph's second output is, of uint8 [N, H, W, 3]."""
    ink = ((255 - pictures.astype(np.float32)) / 255).mean(axis=3)
    rows, columns = ink.mean(axis=2).max(axis=1), ink.mean(axis=1).max(axis=1)
    return np.stack([rows, columns, np.full_like(rows, DOT), ink.mean(axis=(1, 2))], axis=1)


def tiny_probabilities(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the graph answers to uint8 [N, H, W, 3]."""
    powers = np.exp(SHARPNESS * tiny_features(pictures)[:, :3])
    found: NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return found


def tiny_picture(kind: str, side: int = SIZE) -> NDArray[np.uint8]:
    """A black line (`horizontal`, `vertical`) or `dot` on white paper, uint8 [side, side, 3]."""
    picture = np.full((side, side, 3), 255, np.uint8)
    middle, thick = side // 2, max(2, side // 16)
    along = slice(side // 8, side - side // 8)
    across = slice(middle, middle + thick)
    picture[{"horizontal": (across, along), "vertical": (along, across), "dot": (across, across)}[kind]] = 0
    return picture


def tiny_neighbours(count: int = 6) -> Neighbours:
    """`count` drawings of the three kinds in turn."""
    thumbnails = np.stack([tiny_picture(("horizontal", "vertical", "dot")[i % 3], THUMBNAIL) for i in range(count)])
    return Neighbours(tiny_features(thumbnails), np.arange(count, dtype=np.int64) % 3, thumbnails)
