"""Builds the network: a timm backbone, its weights, and a head for the classes."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from sketchfit._timm import timm
from sketchfit.config.model import ModelSection
from sketchfit.errors import RecipeError
from sketchfit.models.classifier import attach_head
from sketchfit.models.input_size import size_hint
from sketchfit.models.loading import Loading, check_loaded, recorded_loading
from sketchfit.models.network import Network, Normalisation
from sketchfit.models.patch_grid import check_patch_grid
from sketchfit.models.weights import read_metadata, read_weights
from sketchfit.registry import nearest

_WRONG_SHAPE = re.compile(r"size mismatch for ([^\s:]+)")
"""Torch's words for a tensor of a file with another shape than the model's."""

_OF_POSITIONS = re.compile("pos_emb|rel_pos|position|attention_bias|mlp_tokens")
"""Part of the names of tensors whose shape depends on the input size: position embeddings and tables of windows."""


def build_network(
    section: ModelSection, classes: int, load_weights: bool = True, metadata: dict[str, str] | None = None
) -> Network:
    """Build the backbone with its weights and a head.

    The head is new, unless a local file of weights has one for the same number of classes.

    Args:
        section: backbone, weights and head.
        classes: number of classes.
        load_weights: False where the weights come from a checkpoint afterwards; then no tensor is read.
        metadata: of that checkpoint (`provenance`); `section.weights` is then not read.

    Raises:
        UserError: there is no such backbone, it does not take the arguments, or its weights do not fit or cannot be
            loaded.
    """
    check_backbone(section.backbone)
    wants_weights = load_weights and section.pretrained
    state = dict[str, torch.Tensor]()
    if metadata is None:
        state, metadata = _read_file(section, wants_weights)
    outputs = _classifier_outputs(section, state)
    own: dict[str, Any] = {"num_classes": classes, "pretrained": wants_weights, "drop_rate": section.drop_rate}
    if state:
        # timm drops the file's classifier by comparing numbers of classes, so it must get the file's own.
        own["pretrained_cfg_overlay"] = {"state_dict": state, "num_classes": outputs}
    with recorded_loading() if state else nullcontext(Loading()) as loading:
        model = _create(section, own, _arguments(section, metadata))
    check_patch_grid(model, section.size)
    notes = check_loaded(model, loading, section) if state else ()
    normalisation = _normalisation(section, metadata, model.pretrained_cfg)
    new_head = outputs != classes or not section.head.is_timms
    if new_head:
        attach_head(model, section.head, classes)
    return Network(model, normalisation, new_head, notes)


def provenance(section: ModelSection, normalisation: Normalisation) -> dict[str, str]:
    """Return metadata for a file of trained weights: what is needed to use them without `section.weights`."""
    read = read_metadata(Path(section.weights).expanduser()) if section.weights is not None else {}
    return {
        "architecture": section.backbone.partition(".")[0],
        "mean": " ".join(map(str, normalisation.mean)),
        "std": " ".join(map(str, normalisation.std)),
        **({"pad_type": read["pad_type"]} if "pad_type" in read else {}),
    }


def expected_normalisation(section: ModelSection) -> Normalisation:
    """Return the normalisation that the backbone's weights expect, without building it.

    Raises:
        UserError: there is no such backbone, or no such file of weights.
    """
    check_backbone(section.backbone)
    metadata = read_metadata(Path(section.weights).expanduser()) if section.weights is not None else {}
    config = timm.get_pretrained_cfg(section.backbone)
    return _normalisation(section, metadata, config.to_dict() if config else {})


def _read_file(section: ModelSection, wants_weights: bool) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Return the weights and the metadata of the section's file; no weights where none are wanted."""
    if section.weights is None:
        return {}, {}
    path = Path(section.weights).expanduser()
    state, metadata = read_weights(path) if wants_weights else ({}, read_metadata(path))
    _check_architecture(section, metadata)
    return state, metadata


def _arguments(section: ModelSection, metadata: dict[str, str]) -> dict[str, Any]:
    """Return further arguments of the backbone."""
    arguments = dict(section.args)
    if "pad_type" in metadata:
        arguments.setdefault("pad_type", metadata["pad_type"])
    if section.drop_path_rate is not None:
        arguments["drop_path_rate"] = section.drop_path_rate
    return _input_size_argument(section, arguments)


def _create(section: ModelSection, own: dict[str, Any], arguments: dict[str, Any]) -> Any:
    """Return timm's model. `own` are arguments with settings of their own, which `model.args` must not repeat."""
    backbone = section.backbone
    try:
        return timm.create_model(backbone, **own, **arguments)
    except TypeError as error:
        raise RecipeError(f"model.args: {backbone} does not take them: {error}") from error
    except Exception as error:  # models raise anything at a size or an argument that they do not take
        if not own["pretrained"]:
            raise RecipeError(
                f"model: {backbone} cannot be built: {_first_lines(error)}", size_hint(section)
            ) from error
        hint = size_hint(section) if _depends_on_size(error) else ""
        raise RecipeError(
            f"model: the weights of {backbone} cannot be loaded: {_first_lines(error)}",
            f"{hint} Give a local file with --set model.weights=FILE, or start from random weights with "
            "--set model.pretrained=false".strip(),
        ) from error


def _depends_on_size(error: Exception) -> bool:
    """Return whether another input size may help: not where a file is missing, or tensors of other kinds do not fit."""
    wrong = _WRONG_SHAPE.findall(str(error))
    return not isinstance(error, OSError) and (not wrong or any(_OF_POSITIONS.search(name) for name in wrong))


def check_backbone(name: str) -> None:
    """Check the name of a backbone, with its tag.

    Raises:
        UserError: timm has no such model, or no weights with this tag.
    """
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        near = nearest(architecture, timm.list_models())
        raise RecipeError(
            f"model.backbone: timm has no model {architecture!r}{near}", "`sketchfit options models NAME`"
        )
    try:
        timm.get_pretrained_cfg(name)
    except RuntimeError as error:
        tags = [known.partition(".")[2] for known in timm.list_pretrained(f"{architecture}.*")]
        raise RecipeError(
            f"model.backbone: {architecture} has no weights with the tag {tag!r}{nearest(tag, tags)}",
            f"Tags: {', '.join(tags) or 'none'}.",
        ) from error


def _check_architecture(section: ModelSection, metadata: dict[str, str]) -> None:
    stated = metadata.get("architecture")
    if stated and stated != section.backbone.partition(".")[0]:
        raise RecipeError(
            f"model.weights: {section.weights} has weights of {stated}, and model.backbone is {section.backbone}"
        )


def _classifier_outputs(section: ModelSection, state: dict[str, torch.Tensor]) -> int:
    """Return the number of classes of a file's classifier; -1 where it has none, so that the new head is kept."""
    config = timm.get_pretrained_cfg(section.backbone)
    name = (config.classifier if config else None) or "head.fc"
    names = (name,) if isinstance(name, str) else name
    outputs = [state[f"{n}.weight"].shape[0] for n in names if f"{n}.weight" in state]
    return int(outputs[0]) if outputs else -1


def _input_size_argument(section: ModelSection, args: dict[str, Any]) -> dict[str, Any]:
    """Add the input size for backbones that are built for one: those with position embeddings or windows."""
    config = timm.get_pretrained_cfg(section.backbone)
    if config is None or (not config.fixed_input_size and "img_size" not in args):
        return args
    return {"img_size": section.size, **args}


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
