"""Static quantisation of an ONNX graph: weights and activations of its layers in 8 bits, with ranges from pictures.

The graph keeps its inputs and outputs. Weights have one scale per channel and 7 bits: with 8, x86 processors without
VNNI overflow in the sum of two products, and the answers would depend on the processor. A range is the mean of the
extremes of batches, as in Jacob et al. 2018 (arXiv 1712.05877): the largest value of all is often far from the others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from sketchfit.errors import UserError
from sketchfit.models.backend import Floats, Pictures
from sketchfit.models.conversion.modules import INPUT, PROBABILITIES
from sketchfit.models.conversion.quiet import quiet
from sketchfit.models.conversion.session import onnx_session, run_batches
from sketchfit.models.faults import one_line
from sketchfit.temporary import temporary_folder

PRODUCTS = ("Conv", "Gemm", "MatMul")
"""Operators whose weights are most of a network and its time."""

EXACT = ("BatchNormalization", "LayerNormalization", "Softmax")
"""Operators that are never quantised."""

TRANSFORMER = ("LayerNormalization", "Softmax")
"""Where a graph has several of these, few values are far larger than the rest: only products with weights are quantised
there."""

FIRST_EXACT = (0, 4, 12)
"""Products at the beginning that stay in fp32, tried in turn: 8 bits for white paper leave few for thin lines."""

CLOSE = 0.01
"""Mean total variation between the probabilities before and after, with which the first of them is taken."""

BATCH = 8
"""Pictures per pass of the calibration, in graphs that take any number: all activations of a pass are kept."""

COMPARED = 64
"""Pictures whose probabilities are compared."""


def int8_graph(graph: bytes, pictures: Pictures, *, any_batch: bool = True) -> bytes:
    """Return the graph with quantised layers.

    Args:
        graph: in ONNX, from `checked_graph`.
        pictures: uint8 [M, size, size, channels], training drawings that show which values layers have; 100 to 300.
        any_batch: whether the graph takes any number of pictures.

    Raises:
        UserError: the network cannot be quantised.
    """
    try:
        return _closest(graph, pictures, BATCH if any_batch else 1)
    except OSError:
        raise
    except Exception as error:  # the quantiser raises all kinds
        raise UserError(f"this network cannot be quantised: {one_line(error)}", "Leave int8 out.") from error


def _closest(graph: bytes, pictures: Pictures, batch: int) -> bytes:
    """Return the first quantised graph that is close, else the closest one."""
    from onnxruntime.quantization.shape_inference import quant_pre_process  # an optional package

    expected = _probabilities(graph, pictures[:COMPARED], batch)
    best, least = b"", float("inf")
    failure: Exception = ValueError("its probabilities are not numbers")
    with quiet(), temporary_folder() as folder:
        given, prepared = (Path(folder) / name for name in ("given.onnx", "prepared.onnx"))
        given.write_bytes(graph)  # of a graph given in memory, onnxruntime 1.32 loses some constants
        quant_pre_process(str(given), str(prepared), skip_symbolic_shape=True)
        for exact in FIRST_EXACT:
            try:
                found = _quantised(prepared, _reader(pictures, batch), exact)
                after = _probabilities(found, pictures[:COMPARED], batch)
            except OSError:
                raise
            except Exception as error:  # CrossViT: onnxruntime cannot run a cubic resize before a quantised product
                failure = error
                continue
            far = float(np.abs(after - expected).sum(axis=1).mean() / 2)
            if far < least:
                best, least = found, far
            if far <= CLOSE:
                break
    if not best:
        raise failure
    return best


def _quantised(prepared: Path, reader: Any, exact: int) -> bytes:
    """Quantise a graph.

    Args:
        prepared: its file, with shapes.
        reader: of the pictures.
        exact: products at the beginning that stay in fp32.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    nodes, made = onnx.load_model(prepared).graph.node, prepared.with_name("int8.onnx")
    quantize_static(
        str(prepared),
        str(made),
        reader,
        op_types_to_quantize=_kinds(nodes),
        nodes_to_exclude=_attention(nodes) + _first(nodes, exact),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        extra_options={"CalibMovingAverage": True},
    )
    return made.read_bytes()


def _kinds(nodes: Any) -> list[str]:
    """Return the operators of a graph that are quantised."""
    found = [node.op_type for node in nodes]
    if sum(kind in TRANSFORMER for kind in found) > 2:  # one for the last map, one for the probabilities
        return list(PRODUCTS)
    return sorted(set(found) - set(EXACT))


def _attention(nodes: Any) -> list[str]:
    """Return the names of products of two computed values."""
    computed = {name for node in nodes if node.op_type != "Constant" for name in node.output}
    return [node.name for node in nodes if node.op_type == "MatMul" and computed.issuperset(node.input)]


def _first(nodes: Any, products: int) -> list[str]:
    """Return the names of all nodes before the product that comes after so many others; of none for 0."""
    places = [place for place, node in enumerate(nodes) if node.op_type in PRODUCTS]
    end = places[products] if 0 < products < len(places) else 0
    return [node.name for node in nodes[:end]]


def _probabilities(graph: bytes, pictures: Pictures, batch: int) -> Floats:
    return run_batches(onnx_session(graph, torch.get_num_threads()), PROBABILITIES, pictures, batch)


def _reader(pictures: Pictures, batch: int) -> Any:
    """Return the reader of batches that onnxruntime takes, a subclass of onnxruntime's."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """Batches of pictures."""

        def __init__(self) -> None:
            self._starts = iter(range(0, len(pictures), batch))

        def get_next(self) -> dict[str, Pictures] | None:
            """Return the next batch; None after the last."""
            start = next(self._starts, None)
            return None if start is None else {INPUT: pictures[start : start + batch]}

    return Reader()
