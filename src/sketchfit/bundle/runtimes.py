"""Runtimes of a bundle's network on the CPU: ONNX Runtime and OpenVINO, each safe to call from several threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sketchfit._openvino import openvino_core
from sketchfit.bundle.files import AGAIN
from sketchfit.errors import MissingPackageError, RunError, UserError

Runtime = Literal["onnxruntime", "openvino"]
INPUT = "images"

Run = Callable[[NDArray[np.uint8]], list[NDArray[np.float32]]]
"""Pictures uint8 [N, size, size, C] to the outputs in the order that was requested."""


def load_runtime(graph: bytes, runtime: Runtime, outputs: Sequence[str], threads: int) -> Run:
    """Make a graph ready to run, in float32.

    Args:
        graph: ONNX, with the input `images`.
        runtime: which library runs it.
        outputs: names of the outputs to return.
        threads: that compute one batch.

    Raises:
        UserError: there is no such runtime, it is not installed, or it cannot load the graph.
    """
    check_runtime(runtime)
    load = _onnxruntime if runtime == "onnxruntime" else _openvino
    try:
        return load(graph, outputs, threads)
    except UserError:
        raise
    except Exception as error:  # these libraries raise many kinds
        reason = str(error).strip().splitlines()
        text = reason[0] if reason else type(error).__name__
        raise RunError(f"{runtime} cannot load the network: {text}", AGAIN) from error


def check_runtime(runtime: Runtime) -> None:
    """Refuse a runtime that cannot be used here.

    Raises:
        UserError: there is no such runtime, or it is not installed.
    """
    if runtime not in get_args(Runtime):
        raise UserError(f"there is no runtime {runtime!r}", f"Runtimes: {', '.join(get_args(Runtime))}.")
    if find_spec(runtime) is None:
        raise MissingPackageError(f"the runtime {runtime} is not installed", f"pip install {runtime}")


def _onnxruntime(graph: bytes, outputs: Sequence[str], threads: int) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads leave their core
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    _check_names({one.name for one in session.get_inputs()}, {one.name for one in session.get_outputs()}, outputs)
    return lambda pictures: list(session.run(list(outputs), {INPUT: pictures}))


def _openvino(graph: bytes, outputs: Sequence[str], threads: int) -> Run:
    core = openvino_core()
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # the default is bf16 where the CPU has it
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,  # processes that share a machine would all be pinned to its first cores
    }
    model = core.compile_model(core.read_model(graph), "CPU", settings)
    known = {name: one for one in model.outputs for name in one.get_names()}
    _check_names({name for one in model.inputs for name in one.get_names()}, set(known), outputs)
    wanted, local = [known[name] for name in outputs], threading.local()

    def run(pictures: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        if not hasattr(local, "request"):
            local.request = model.create_infer_request()  # a request is not safe to share between threads
        local.request.infer({INPUT: pictures})
        return [np.array(local.request.get_tensor(one).data) for one in wanted]  # copies: the buffers are used again

    return run


def _check_names(inputs: set[str], known: set[str], outputs: Sequence[str]) -> None:
    if INPUT not in inputs or not set(outputs) <= known:
        raise RunError(
            f"the network has the inputs {sorted(inputs)} and outputs {sorted(known)}, "
            f"expected are {INPUT} and {', '.join(outputs)}",
            AGAIN,
        )
