"""`sketchfit export`: one trained network as a file that other programs run, without sketchfit or torch."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any, Literal, get_args

from sketchfit.commands.submit import run_recipe
from sketchfit.config.load import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.data.stores import store_settings
from sketchfit.distillation.distill import read_student
from sketchfit.errors import UserError
from sketchfit.files import read_json
from sketchfit.models.choose_backend import missing_packages
from sketchfit.models.conversion.export import checked_graph, write_onnx, write_openvino
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.refit import refit_name
from sketchfit.stages.train import load_network

Format = Literal["onnx", "openvino"]
SUFFIXES = {"onnx": ".onnx", "openvino": ".xml"}
NEEDS = {"onnx": ("onnx", "onnxruntime"), "openvino": ("onnx", "onnxruntime", "openvino")}
FITTING = {
    "pad": "padded to a square with the paper's colour",
    "stretch": "stretched to a square",
    "crop": "its middle cropped to a square",
    "ink": "cropped to its ink with a margin and padded to a square",
}
"""What `data.resize` does, in words."""


def export(
    run: str | Path, out: str | Path, format: Format = "onnx", *, member: str | None = None, fold: int | None = None
) -> dict[str, str]:
    """Write one network of a run: that of all rows (`refit`, `sketchfit fit`) where there is one, else fold 0's.

    It answers as that network does alone: without the run's other networks, views and calibration.

    Args:
        run: a run's folder.
        out: file to write; OpenVINO's has the weights beside it, in a .bin.
        format: `onnx` or `openvino`.
        member: whose network, a distilled student's (`NAME+distilled`) too; needed where the run has several members.
        fold: the network of this fold.

    Returns:
        The metadata that is in the file, beside `file` and `network`.

    Raises:
        UserError: no such run, member, fold or format; missing packages; a network that can't be converted.
    """
    folder, path = RunFolder(Path(run)), Path(out)
    recipe = run_recipe(folder)
    if format not in get_args(Format):
        raise UserError(f"there is no format {format!r}", f"Formats: {', '.join(get_args(Format))}.")
    if path.suffix != SUFFIXES[format]:
        raise UserError(f"a file of format {format} ends in {SUFFIXES[format]}, and {path} does not")
    if missing := missing_packages(NEEDS[format]):
        raise UserError(f"the format {format} needs {', '.join(missing)}", "pip install 'sketchfit[fast]'")
    students = read_student(folder) if (folder.ensemble / "distilled.json").is_file() else {}
    name, own = _member(member_recipes(recipe), students, member)
    place = _place(folder, name, fold)
    state = read_json(folder.state)
    network = load_network(place, own, len(state["class_names"]))
    size, channels = own.model.input_size, 1 if own.data.channels == 1 else 3
    graph, any_batch = checked_graph(network, size, channels)
    metadata = _metadata(own, state, size, channels, any_batch)
    (write_onnx if format == "onnx" else write_openvino)(path, graph, metadata)
    return metadata | {"file": str(path), "network": str(place)}


def _member(members: dict[str, Recipe], students: dict[str, Recipe], wanted: str | None) -> tuple[str, Recipe]:
    known = members | students
    if wanted is None and len(members) > 1:
        raise UserError(f"this run has the members {', '.join(known)}", "Name one with --member.")
    name = next(iter(members)) if wanted is None else wanted
    if name not in known:
        raise UserError(f"this run has no member {name!r}", f"Members: {', '.join(known)}.")
    return name, known[name]


def _place(folder: RunFolder, member: str, fold: int | None) -> Path:
    """The folder of the network."""
    choices = [folder.fold(refit_name(member), 0), folder.fold(member, 0)]
    if fold is not None:
        choices = [folder.fold(member, fold)]
    found = next((place for place in choices if (place / "done.json").is_file()), None)
    if found is None:
        raise UserError(
            f"{choices[-1]} holds no trained network",
            "Let `sketchfit run` or `sketchfit fit` finish first, or name a fold that is trained with --fold.",
        )
    return found


def _metadata(recipe: Recipe, state: dict[str, Any], size: int, channels: int, any_batch: bool) -> dict[str, str]:
    """What must be known to use the file, as texts."""
    colour = "grey" if channels == 1 else "RGB; a grey drawing repeated three times"
    stored = store_settings(recipe).size
    return {
        "class_names": json.dumps(state["class_names"], ensure_ascii=False),
        "class_targets": json.dumps(state["class_targets"]),
        "input": f"images: uint8 [{'N' if any_batch else 1}, {size}, {size}, {channels}]",
        "output": f"probabilities: float32 [{'N' if any_batch else 1}, {len(state['class_names'])}]",
        "preprocessing": f"turned upright as EXIF says; {colour}; {FITTING[recipe.data.resize]}, "
        f"resized to {stored} px and then to {size} px. Normalisation is in the graph.",
        "architecture": recipe.model.backbone,
        "made_by": f"sketchfit {importlib.metadata.version('sketchfit')}",
    }
