"""Every exported form of one backbone with random weights: how far it is from torch, and its time per image."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from benchmarks.family_steps import first_size, recipe_of
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network
from sketchfit.models.backend import Floats, Pictures
from sketchfit.models.classifier import classifier_names
from sketchfit.models.conversion.checked_graph import CheckedGraph, checked_graph
from sketchfit.models.conversion.compile_openvino import compile_openvino
from sketchfit.models.conversion.exported_program import write_exported_program
from sketchfit.models.conversion.int8 import int8_graph
from sketchfit.models.conversion.modules import PROBABILITIES
from sketchfit.models.conversion.openvino_file import write_openvino
from sketchfit.models.conversion.session import onnx_session
from sketchfit.models.network import Network, to_input

CLASSES, CALIBRATED, COMPARED, PASSES = 40, 16, 48, 25
SPREAD = 3.0
"""Standard deviation of logits over pictures: probabilities are neither all the same nor all 0 and 1."""

Answering = Callable[[Pictures], Floats]


@dataclass
class Form:
    """One form of a network.

    Attributes:
        why: the sentence with which it was refused, or the error; empty where it works.
        gap: largest difference of a probability from torch's.
        equal: share of pictures with torch's answer.
        ms: of the processor per image, one image at a time: the fastest of several passes.
        mb: size of the files, 10⁶ bytes.
        seconds: that the conversion and its check took.
    """

    why: str = ""
    gap: float = 0.0
    equal: float = 0.0
    ms: float = 0.0
    mb: float = 0.0
    seconds: float = 0.0


@dataclass
class Backbone:
    """What was found of a backbone.

    Attributes:
        size: side of its input in pixels.
        params: millions of parameters.
        torch_ms: of the processor per image in torch.
        any_batch, folded: of the ONNX graph.
        features: its second output's columns.
        forms: by name.
    """

    name: str
    size: int = 0
    params: float = 0.0
    torch_ms: float = 0.0
    any_batch: bool = False
    folded: bool = False
    features: int = 0
    forms: dict[str, Form] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def measure(name: str) -> Backbone:
    """Export a backbone in every form."""
    size = first_size(name)
    pictures = lines(CALIBRATED + COMPARED, size)
    network = random_network(name, size, pictures[:16])
    compared, calibrated = pictures[:COMPARED], pictures[COMPARED:]
    in_torch = _torch(network)
    expected = in_torch(compared)
    params = sum(one.numel() for one in network.model.parameters()) / 1e6
    found = Backbone(name, size, round(params, 2), _ms(in_torch, compared))

    def add(form: str, convert: Callable[[Path], tuple[Answering, float]]) -> None:
        found.forms[form] = _form(convert, compared, expected)

    graphs: list[CheckedGraph] = []

    def onnx(_: Path) -> tuple[Answering, float]:
        graphs.append(checked_graph(network, size, 1, features=True))
        return _onnx(graphs[0].graph), len(graphs[0].graph) / 1e6

    add("ONNX", onnx)
    if graphs:
        found.any_batch, found.folded, found.features = graphs[0].any_batch, graphs[0].folded, graphs[0].features
        add("OpenVINO", lambda folder: _openvino(folder, graphs[0]))
        add("int8", lambda _: _int8(graphs[0], calibrated))
    add("torch.export", lambda folder: _program(folder, network, size))
    return found


def random_network(name: str, size: int, pictures: Pictures) -> Network:
    """Return a network with batch norms that fit the pictures, and with answers that are not all one."""
    torch.manual_seed(0)
    network = build_network(recipe_of(name, size).model, CLASSES)
    model = network.model.eval()
    images = _images(network, pictures)
    _fit_batch_norms(model, images)
    parts = [part for name in classifier_names(model) for part in model.get_submodule(name).modules()]
    heads = [part for part in parts if isinstance(part, nn.Linear | nn.Conv2d) and part.weight.shape[0] == CLASSES]
    with torch.no_grad():
        logits = model(images)
        scale = SPREAD / max(float(logits.std(dim=0).mean()), 1e-6)
        for head in heads:
            head.weight.mul_(scale)
            if head.bias is not None:
                head.bias.mul_(scale).sub_(scale * logits.mean(dim=0) / len(heads))
    return network


def _fit_batch_norms(model: nn.Module, images: torch.Tensor) -> None:
    """Give batch norms random weights and the statistics of images; with those of other data values grow or vanish."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.2)
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches
        norm.train()
    with torch.no_grad():
        model(images)
    model.eval()


def lines(count: int, size: int) -> Pictures:
    """Return pictures of random strokes, uint8 [count, size, size, 1], black on white."""
    rng = np.random.default_rng(0)
    made = np.full((count, size, size, 1), 255, np.uint8)
    for picture in made:
        for _ in range(int(rng.integers(1, 6))):
            points = rng.integers(0, size, (int(rng.integers(2, 8)), 1, 2)).astype(np.int32)
            cv2.polylines(picture, [points], bool(rng.integers(2)), (0,), thickness=int(rng.integers(1, 4)))
    return made


def _form(convert: Callable[[Path], tuple[Answering, float]], pictures: Pictures, expected: Floats) -> Form:
    began = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            answering, size = convert(Path(folder))
            seconds = time.perf_counter() - began
            found = np.concatenate([answering(pictures[place : place + 1]) for place in range(len(pictures))])
            ms = _ms(answering, pictures)
    except UserError as error:
        return Form(_without_paths(str(error.problems[0])))
    except Exception as error:
        return Form(_without_paths(f"{type(error).__name__}: {error}")[:300])
    equal = float((found.argmax(1) == expected.argmax(1)).mean())
    return Form("", float(np.abs(found - expected).max()), equal, ms, round(size, 2), round(seconds, 2))


def _without_paths(text: str) -> str:
    """Return one line, with the names of temporary files alone."""
    return " ".join(re.sub(r"/tmp/\S*/", "", word) for word in text.split())


def _ms(answering: Answering, pictures: Pictures) -> float:
    """Return milliseconds of the processor, of all threads: other programs on the machine do not count."""
    taken = []
    for place in range(PASSES):
        began = time.process_time()
        answering(pictures[place : place + 1])
        taken.append(time.process_time() - began)
    return round(1e3 * min(taken), 3)


def _images(network: Network, pictures: Pictures) -> torch.Tensor:
    return to_input(torch.from_numpy(pictures), network.normalisation, torch.device("cpu"), channels_last=False)


def _torch(network: Network) -> Answering:
    def answers(pictures: Pictures) -> Floats:
        with torch.inference_mode():
            found: Floats = network.model(_images(network, pictures)).softmax(dim=1).numpy()
        return found

    return answers


def _onnx(graph: bytes) -> Answering:
    session = onnx_session(graph, torch.get_num_threads())
    return lambda pictures: session.run([PROBABILITIES], {"images": pictures})[0]


def _openvino(folder: Path, checked: CheckedGraph) -> tuple[Answering, float]:
    write_openvino(folder / "model.xml", checked, {})
    compiled = compile_openvino(folder / "model.xml", torch.get_num_threads())
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    return lambda pictures: np.array(compiled(pictures)[PROBABILITIES]), size


def _int8(checked: CheckedGraph, pictures: Pictures) -> tuple[Answering, float]:
    graph = int8_graph(checked.graph, pictures, any_batch=checked.any_batch)
    return _onnx(graph), len(graph) / 1e6


def _program(folder: Path, network: Network, size: int) -> tuple[Answering, float]:
    from sketchfit.models.conversion.modules import GraphOutputs
    from sketchfit.models.conversion.reference import TorchReference

    path = folder / "model.pt2"
    write_exported_program(path, network, TorchReference.of(network, size, 1, GraphOutputs()))
    module = torch.export.load(path).module()

    def answers(pictures: Pictures) -> Floats:
        with torch.inference_mode():
            found: Floats = module(torch.from_numpy(pictures))[0].numpy()
        return found

    return answers, path.stat().st_size / 1e6
