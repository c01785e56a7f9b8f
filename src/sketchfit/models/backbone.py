"""The network: a timm backbone, its weights, a new head for the classes at hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sketchfit._timm import timm
from sketchfit.config.model import ModelSection
from sketchfit.errors import UserError
from sketchfit.models.classifier import attach_head, classifier_names
from sketchfit.models.pixels import normalised
from sketchfit.models.weights import read_metadata, read_weights

LEAST_LOADED = 0.5
"""Share of the backbone's weights that a file must give. Less than all, for timm adapts some: position embeddings to
the input's size, fused projections."""


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation a channel, in units of the range [0, 1]."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class Network:
    """A timm model and the normalisation of its input; `new_head`: its head is random, not from a file of weights."""

    model: nn.Module
    normalisation: Normalisation
    new_head: bool = True

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.model.num_classes)  # type: ignore[arg-type]


def build_network(
    section: ModelSection, classes: int, load_weights: bool = True, metadata: dict[str, str] | None = None
) -> Network:
    """Create the backbone with its weights and a head of `classes` outputs.

    The head is new, unless a local file has one for as many classes.

    Args:
        section: which backbone, which weights.
        classes: number of classes, C.
        load_weights: False where the weights come from a checkpoint afterwards; then no tensor is read.
        metadata: of the checkpoint that follows (`provenance`); `section.weights` is then not needed any more.

    Raises:
        UserError: no such backbone; arguments it does not take; weights that do not fit or can't be had.
    """
    _check_name(section.backbone)
    args, state = dict(section.args), dict[str, torch.Tensor]()
    wants_weights = load_weights and section.pretrained
    if metadata is None:
        metadata = {}
        if section.weights is not None:
            path = Path(section.weights).expanduser()
            state, metadata = read_weights(path) if wants_weights else ({}, read_metadata(path))
            _check_architecture(section, metadata)
    if "pad_type" in metadata:
        args.setdefault("pad_type", metadata["pad_type"])
    if section.drop_path_rate is not None:
        args["drop_path_rate"] = section.drop_path_rate
    outputs = _classifier_outputs(section, state)
    try:
        model = timm.create_model(
            section.backbone,
            pretrained=wants_weights,
            # timm drops the file's classifier by comparing class counts, so it must know the file's own.
            pretrained_cfg_overlay={"state_dict": state, "num_classes": outputs} if state else None,
            num_classes=classes,
            drop_rate=section.drop_rate,
            **_input_size_argument(section, args),
        )
    except TypeError as error:
        raise UserError(f"model.args: {section.backbone} does not take them: {error}") from error
    except (RuntimeError, OSError, ValueError) as error:
        if not wants_weights:
            raise UserError(f"model: {section.backbone} can't be built: {_first_lines(error)}") from error
        raise UserError(
            f"model: weights of {section.backbone} can't be had: {_first_lines(error)}",
            "Give a local file with --set model.weights=FILE, or start from random weights with "
            "--set model.pretrained=false",
        ) from error
    if state:
        _check_loaded(model, state, section)
    normalisation = _normalisation(section, metadata, model.pretrained_cfg)
    new_head = outputs != classes or not section.head.is_timms
    if new_head:
        attach_head(model, section.head, classes)
    return Network(model, normalisation, new_head)


def provenance(section: ModelSection, normalisation: Normalisation) -> dict[str, str]:
    """Text metadata for a file of trained weights: all that must be known to use them without `section.weights`."""
    read = read_metadata(Path(section.weights).expanduser()) if section.weights is not None else {}
    return {
        "architecture": section.backbone.partition(".")[0],
        "mean": " ".join(map(str, normalisation.mean)),
        "std": " ".join(map(str, normalisation.std)),
        **({"pad_type": read["pad_type"]} if "pad_type" in read else {}),
    }


def expected_normalisation(section: ModelSection) -> Normalisation:
    """What the backbone's weights expect of their input, without building it.

    Raises:
        UserError: no such backbone, or no such file of weights.
    """
    _check_name(section.backbone)
    metadata = read_metadata(Path(section.weights).expanduser()) if section.weights is not None else {}
    config = timm.get_pretrained_cfg(section.backbone)
    return _normalisation(section, metadata, config.to_dict() if config else {})


def _check_name(name: str) -> None:
    if timm.is_model(name.partition(".")[0]):
        return
    from difflib import get_close_matches  # only wanted for this message

    near = get_close_matches(name, timm.list_models(), n=3)
    raise UserError(f"model.backbone: timm has no model {name!r}", f"Near it: {', '.join(near)}" if near else "")


def _check_architecture(section: ModelSection, metadata: dict[str, str]) -> None:
    stated = metadata.get("architecture")
    if stated and stated != section.backbone.partition(".")[0]:
        raise UserError(
            f"model.weights: {section.weights} says that it is for {stated}, and model.backbone is {section.backbone}"
        )


def _classifier_outputs(section: ModelSection, state: dict[str, torch.Tensor]) -> int:
    """Classes of a file's classifier; -1 where it has none, so that the new head stays as it was made."""
    config = timm.get_pretrained_cfg(section.backbone)
    name = (config.classifier if config else None) or "head.fc"
    names = (name,) if isinstance(name, str) else name
    outputs = [state[f"{n}.weight"].shape[0] for n in names if f"{n}.weight" in state]
    return int(outputs[0]) if outputs else -1


def _check_loaded(model: nn.Module, state: dict[str, torch.Tensor], section: ModelSection) -> None:
    """Some timm models load what fits and say nothing about the rest: look whether the file's values arrived."""
    heads = tuple(f"{name}." for name in classifier_names(model))
    trunk = [value for name, value in model.named_parameters() if not (heads and name.startswith(heads))]
    by_count: dict[int, list[torch.Tensor]] = {}
    for value in state.values():
        by_count.setdefault(value.numel(), []).append(value)

    def arrived(parameter: torch.Tensor) -> bool:
        flat = parameter.detach().flatten()
        return any(torch.equal(flat, value.flatten().to(flat)) for value in by_count.get(flat.numel(), []))

    total = sum(value.numel() for value in trunk)
    found = sum(value.numel() for value in trunk if arrived(value))
    if found < total * LEAST_LOADED:
        raise UserError(
            f"model.weights: {section.weights} does not fit {section.backbone}: it gives {found / total:.0%} of the "
            "backbone's weights",
            "Set model.backbone to what the file was trained as, or give another file.",
        )


def _input_size_argument(section: ModelSection, args: dict[str, Any]) -> dict[str, Any]:
    """Backbones with position embeddings or windows must be built for the input size; others know no such thing."""
    config = timm.get_pretrained_cfg(section.backbone)
    if config is None or (not config.fixed_input_size and "img_size" not in args):
        return args
    return {"img_size": section.input_size, **args}


def _normalisation(section: ModelSection, metadata: dict[str, str], config: dict[str, Any]) -> Normalisation:
    mean = section.mean if section.mean is not None else metadata.get("mean", config.get("mean", 0.5))
    std = section.std if section.std is not None else metadata.get("std", config.get("std", 0.5))
    return Normalisation(_triple(mean), _triple(std))


def _triple(value: object) -> tuple[float, float, float]:
    if isinstance(value, str):
        value = [float(part) for part in value.replace(",", " ").split()]
    values = [float(value)] if isinstance(value, (int, float)) else [float(v) for v in value]  # type: ignore[attr-defined]
    if len(values) == 1:
        values *= 3
    return values[0], values[1], values[2]


def _first_lines(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:3])[:300]


def to_input(
    images: torch.Tensor, normalisation: Normalisation, device: torch.device, channels_last: bool
) -> torch.Tensor:
    """Make the network's input: float, normalised, three channels; to another device the bytes are moved.

    Args:
        images: uint8 [B, H, W, C] with C 1 or 3 (grey is repeated).

    Returns:
        float32 [B, 3, H, W] on `device`.
    """
    layout = torch.channels_last if channels_last else torch.contiguous_format
    if device.type == "cpu" and images.device.type == "cpu":
        floats = torch.from_numpy(normalised(images.contiguous().numpy(), normalisation.mean, normalisation.std))
        return floats.permute(0, 3, 1, 2).contiguous(memory_format=layout)  # copies only where channels come first
    pixels = images.to(device, non_blocking=True).permute(0, 3, 1, 2)
    mean, std = _constants(normalisation, device)
    floats = torch.empty((len(pixels), 3, *pixels.shape[2:]), device=device, memory_format=layout)
    torch.sub(pixels, mean, out=floats)  # bytes become floats here, and broadcasting repeats a grey channel
    return floats.div_(std)


@lru_cache(maxsize=8)
def _constants(normalisation: Normalisation, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and deviation of bytes, [1, 3, 1, 1] on `device`; made once, because each such copy waits for the device."""
    with torch.inference_mode(False):  # whoever asks first, they serve training too
        mean, std = (
            torch.tensor(values, device=device).view(1, 3, 1, 1) * 255
            for values in (normalisation.mean, normalisation.std)
        )
    return mean, std
