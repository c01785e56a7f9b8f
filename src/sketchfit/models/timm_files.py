"""A network as timm's files: `config.json`, which `timm.create_model("hf-hub:…")` reads, and `model.safetensors`.

Only networks that timm can build have them: those with timm's own linear classifier.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from sketchfit._timm import timm
from sketchfit.config.head import HeadSection
from sketchfit.data.resize import Resize
from sketchfit.errors import UserError
from sketchfit.files import atomic
from sketchfit.models.classifier import classifier_names
from sketchfit.models.feature_network import FeatureNetwork
from sketchfit.models.network import Network
from sketchfit.models.tensor_file import save_tensors

CONFIG, WEIGHTS = "config.json", "model.safetensors"

CROP_MODES = {"pad": "squash", "ink": "squash", "crop": "center", "stretch": "squash"}
"""What of timm's transforms is most like `data.resize`: its `border` pads with black, whatever the paper is."""

UNKNOWN = "unknown"
"""Licence where none is stated."""

SAME = 1e-4
"""Largest relative difference of logits by which a temperature within the weights may change them."""


OTHERWISE = "Add --bundle: a bundle alone is published then. Or distil it into a linear head: sketchfit distill RUN"


@dataclass(frozen=True)
class TimmFiles:
    """A network that timm can build, and what its files state.

    Attributes:
        network: with timm's own classifier.
        size: side of the input in pixels.
        resize: how images become square; see `data.resize`.
        names: C unique names of classes.
        metadata: of the file of weights, see `models.backbone.provenance`; and the `licence`, where one is stated.
    """

    network: Network
    size: int
    resize: Resize
    names: Sequence[str]
    metadata: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Write `config.json` and `model.safetensors` into an existing folder."""
        model, normalisation = self.network.model, self.network.normalisation
        data = {
            "input_size": (3, self.size, self.size),
            "mean": normalisation.mean,
            "std": normalisation.std,
            "interpolation": "bilinear",
            "crop_pct": 1.0,
            "crop_mode": CROP_MODES[self.resize],
        }
        config = {"label_names": list(self.names), "pretrained_cfg": self._of_weights}
        with atomic(folder / CONFIG) as path:
            timm.models._hub.save_config_for_hf(model, str(path), model_config=config, data_config=data)
        state = {name: value.detach().cpu().clone().contiguous() for name, value in model.state_dict().items()}
        save_tensors(folder / WEIGHTS, state, self.metadata)

    @property
    def _of_weights(self) -> dict[str, str | None]:
        """What timm would otherwise state of the weights that it knows for this backbone."""
        unknown = dict.fromkeys(("description", "origin_url", "notes"))
        return {"tag": "sketchfit", "license": self.metadata.get("licence", UNKNOWN), **unknown}


def check_timm(network: Network, head: HeadSection) -> None:
    """Refuse a network that `timm.create_model` cannot build.

    Raises:
        UserError: it has another head than timm's.
    """
    if isinstance(network.model, FeatureNetwork):
        what = "timm cannot build this network: it is a frozen backbone with a head in closed form"
        raise UserError(what, OTHERWISE)
    if head.name != "linear":
        raise UserError(f"timm cannot build this network: its head is {head.name}", OTHERWISE)


def with_temperature(network: Network, temperature: float, size: int) -> tuple[Network, float]:
    """Divide the weights of the classifier by a temperature, so that the softmax of the logits is calibrated.

    Args:
        network: with a linear classifier, or two of them; it is not changed.
        temperature: of the logits, above 0.
        size: side of the input in pixels.

    Returns:
        A network, and the temperature by which its logits are still to be divided: 1, or the given one where the
        logits are no linear function of the classifier's weights.
    """
    if temperature == 1:
        return network, 1.0
    model = copy.deepcopy(network.model).eval()
    layers = [model.get_submodule(name) for name in classifier_names(model)]
    linear = [part for layer in layers for part in layer.modules() if isinstance(part, nn.Linear | nn.Conv2d)]
    if not linear:
        return network, temperature
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, size, size, generator=generator)
    with torch.inference_mode():
        expected = model(images) / temperature
    with torch.no_grad():
        for parameter in (one for layer in linear for one in layer.parameters()):
            parameter.div_(temperature)
    with torch.inference_mode():
        found = model(images)
    if float((found - expected).abs().max()) > SAME * max(1.0, float(expected.abs().max())):
        return network, temperature
    return Network(model, network.normalisation, network.new_head, network.notes), 1.0
