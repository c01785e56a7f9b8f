"""A network as a file for other programs: ONNX, or the two files of OpenVINO, with metadata."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from sketchfit.errors import UserError
from sketchfit.files import output
from sketchfit.models.backend import TOLERANCE, Backend, Pictures
from sketchfit.models.backends.eager import eager
from sketchfit.models.backends.onnx_runtime import OnnxRuntime
from sketchfit.models.compute import Compute
from sketchfit.models.conversion.onnx_graph import to_onnx
from sketchfit.models.faults import one_line
from sketchfit.models.feature_network import tolerance_of
from sketchfit.models.network import Network

RT_INFO = "sketchfit"
"""Place of the metadata in OpenVINO's file: `<rt_info><sketchfit>`."""


def checked_graph(network: Network, size: int, channels: int) -> tuple[bytes, bool]:
    """Convert a network on the CPU to ONNX and compare it with torch.

    Returns:
        The graph, and whether it takes any number of pictures; otherwise it takes one at a time.

    Raises:
        UserError: it cannot be converted, or the conversion gives other probabilities.
    """
    network.model.eval()
    why = ""
    for any_batch, counts in ((True, (1, 3)), (False, (1,))):
        try:
            graph = to_onnx(network, (2 if any_batch else 1, size, size, channels), any_batch=any_batch)
            backend = OnnxRuntime.load(graph, torch.get_num_threads())
            gap = max(_gap(backend, network, _noise(count, size, channels)) for count in counts)
        except Exception as error:  # converters raise all kinds
            why = one_line(error)
            continue
        if gap <= tolerance_of(network.model, TOLERANCE):
            return graph, any_batch
        why = f"its probabilities differ by {gap:.1g} from torch's"
    raise UserError(
        f"this network cannot be exported: {why}",
        "`sketchfit predict` computes with torch; for a file, train a member with another backbone.",
    )


def write_onnx(path: Path, graph: bytes, metadata: Mapping[str, str]) -> None:
    """Write one ONNX file, with the metadata as the model's properties."""
    import onnx  # an optional package

    model = onnx.load_model_from_string(graph)
    onnx.helper.set_model_props(model, dict(metadata))
    with output(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def write_openvino(path: Path, graph: bytes, metadata: Mapping[str, str]) -> None:
    """Write `path` (.xml) and its weights next to it (.bin), in float32; the .xml is written last."""
    import openvino as runtime  # an optional package

    model = runtime.Core().read_model(graph)
    for key, value in metadata.items():
        model.set_rt_info(value, [RT_INFO, key])
    with (
        output(path) as graph_file,
        output(path.with_suffix(".bin")) as weights_file,
        tempfile.TemporaryDirectory(prefix=f".{path.stem}.", dir=graph_file.parent) as folder,
    ):
        written = Path(folder) / path.name
        runtime.save_model(model, written, compress_to_fp16=False)
        for file, temporary in ((written, graph_file), (written.with_suffix(".bin"), weights_file)):
            shutil.move(file, temporary)  # links may lead the two files to different disks


def _noise(count: int, size: int, channels: int) -> Pictures:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, channels)).astype(np.uint8)


def _gap(backend: Backend, network: Network, pictures: Pictures) -> float:
    with torch.inference_mode():
        expected = eager(network, Compute(torch.device("cpu"), channels_last=False))(pictures)
    gap = np.abs(backend(pictures) - expected).max()
    return float("inf") if np.isnan(gap) else float(gap)
