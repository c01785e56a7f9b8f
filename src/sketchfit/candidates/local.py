"""Candidates from local files of weights."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from sketchfit._timm import timm
from sketchfit.candidates.candidate import BackboneCandidate
from sketchfit.candidates.cost import count_cost
from sketchfit.candidates.licences import UNKNOWN
from sketchfit.candidates.table import published, with_tag
from sketchfit.config.model import ModelSection
from sketchfit.config.own_size import own_input_size
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network
from sketchfit.models.weights import read_metadata

ENDINGS = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")
"""Of files of weights."""


def weight_files(folder: Path) -> list[Path]:
    """Return the files of weights in a folder, sorted by name; subfolders are not searched.

    Raises:
        UserError: there is none.
    """
    found = sorted(path for path in folder.iterdir() if path.suffix in ENDINGS and path.is_file())
    if not found:
        raise UserError(f"candidates: {folder} has no files of weights", f"Endings: {', '.join(ENDINGS)}.")
    return found


def from_file(path: Path) -> BackboneCandidate:
    """Return the candidate of a file of weights.

    Its architecture is that of the metadata; otherwise the longest name of a timm model with which the name of the file
    begins. Licence and published accuracies are those of the tag that the name of the file states (`resnet50.a1_in1k`).
    Without a tag the licence is unknown, and the accuracies are those of the same architecture where the shipped table
    has only one tag of it.

    Raises:
        UserError: the file cannot be read, its architecture is not known, or its weights do not fit.
    """
    architecture = architecture_of(path)
    section = ModelSection(backbone=architecture, weights=str(path), input_size=own_input_size(architecture))
    with torch.random.fork_rng(devices=[]):
        build_network(section, classes=1)
    here: dict[str, Any] = {"name": path.stem, "backbone": architecture, "weights": str(path)}
    if (known := with_tag(path.stem)) is not None:
        return replace(known, **here)
    if (known := published(architecture)) is not None:
        source = f"{known.backbone}, which may have other weights: {known.sources[0]}"
        return replace(known, **here, licence=UNKNOWN, sources=(source,))
    params, gmacs = count_cost(architecture, section.size)
    return BackboneCandidate(**here, input_size=section.size, params=params, gmacs=gmacs)


def architecture_of(path: Path) -> str:
    """Return timm's name of the architecture of a file of weights.

    Raises:
        UserError: the file cannot be read, or neither its metadata nor its name state a timm model.
    """
    stated = read_metadata(path).get("architecture", "")
    if stated and timm.is_model(stated):
        return stated
    if not stated and (named := _longest_name(path.stem)) is not None:
        return named
    what = f"its metadata state {stated!r}" if stated else f"its name does not begin with one ({path.name})"
    raise UserError(
        f"candidates: {path} is of no known timm model: {what}",
        "Let the name of the file begin with timm's name of the model, e.g. mobilenetv2_100_mine.safetensors, or set "
        "model.backbone and model.weights in a recipe.",
    )


def _longest_name(stem: str) -> str | None:
    """Return the longest name of a timm model with which a file's name begins, up to a character that ends a word."""
    named = (name for name in timm.list_models() if stem.startswith(name))
    fitting = [name for name in named if not re.match("[A-Za-z0-9]", stem[len(name) :])]
    return max(fitting, key=len, default=None)
