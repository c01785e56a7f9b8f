"""Converts a network to ONNX and compares the graph with torch; what differs is converted in another way."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from sketchfit.activity import activity
from sketchfit.errors import UserError
from sketchfit.models.conversion.modules import INPUT, GraphOutputs
from sketchfit.models.conversion.onnx_graph import to_onnx
from sketchfit.models.conversion.reference import Answering, TorchReference
from sketchfit.models.conversion.session import onnx_session
from sketchfit.models.faults import one_line
from sketchfit.models.network import Network


@dataclass(frozen=True)
class CheckedGraph:
    """An ONNX graph that answers as torch does.

    Attributes:
        graph: input `images`, uint8 [N, size, size, channels]; outputs `probabilities`, and `features` where there are.
        any_batch: whether it takes any number of pictures; otherwise one at a time.
        folded: whether batch norms were folded into convolutions.
        reference: torch's answers.
    """

    graph: bytes
    any_batch: bool
    folded: bool
    reference: TorchReference

    @property
    def features(self) -> int:
        """Columns of `features`; 0: it is not an output."""
        return self.reference.width

    def excess_of(self, answering: Answering) -> str:
        """Return how this graph in another form differs from torch; an empty text where it does not."""
        return self.reference.compare(answering, self.any_batch).excess


@activity("converting the network to ONNX and checking it")
def checked_graph(
    network: Network, size: int, channels: int, *, temperature: float = 1.0, features: bool = False
) -> CheckedGraph:
    """Convert a network to ONNX and compare it with torch.

    Where the graph for any number of pictures cannot be made or differs, one for single pictures is made; where a graph
    with folded batch norms differs, one without; where the features differ, one without features.

    Args:
        network: on the CPU; it is set to evaluation mode.
        size, channels: of its pictures.
        temperature: by which logits are divided before softmax.
        features: whether the values that the head reads are an output too, where the network has them.

    Raises:
        UserError: it cannot be converted, or the conversion gives other probabilities.
    """
    reference = TorchReference.of(network, size, channels, GraphOutputs(temperature, features))
    found, why = _converted(network, reference)
    if found is None and reference.outputs.features:
        found, why = _converted(network, reference.without_features())
    if found is None:
        raise UserError(
            f"this network cannot be exported: {why}",
            "`sketchfit predict` computes with torch; for a file, train a member with another backbone.",
        )
    return found


def _converted(network: Network, reference: TorchReference) -> tuple[CheckedGraph | None, str]:
    """Return the first graph that answers as the reference; None and why where there is none."""
    has_norms = any(isinstance(module, nn.BatchNorm2d) for module in network.model.modules())
    why = ""
    for any_batch in (True, False):
        try:
            for fold in (True, False) if has_norms else (True,):
                shape = (2 if any_batch else 1, *reference.picture_shape)
                graph = to_onnx(network, shape, reference.outputs, any_batch=any_batch, fold=fold)
                found = CheckedGraph(graph, any_batch, fold, reference)
                if not (why := found.excess_of(_answering(graph, reference))):
                    return found, ""
        except Exception as error:  # converters raise all kinds
            why = one_line(error)
    return None, why


def _answering(graph: bytes, reference: TorchReference) -> Answering:
    session, names = onnx_session(graph, torch.get_num_threads()), list(reference.outputs.names)
    return lambda pictures: session.run(names, {INPUT: pictures})
