"""`sketchfit export RUN --out FILE`: one trained network as a file for other programs; folders are bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from sketchfit.commands.export_metadata import network_metadata
from sketchfit.config.recipe import Recipe
from sketchfit.errors import MissingPackageError, UserError
from sketchfit.models.choose_backend import missing_packages
from sketchfit.models.conversion.checked_graph import checked_graph
from sketchfit.models.conversion.onnx_file import write_onnx
from sketchfit.models.conversion.openvino_file import write_openvino
from sketchfit.models.saved_network import load_network
from sketchfit.runs.finished import open_finished
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.run import Run
from sketchfit.stages.refit import refit_name

Format = Literal["onnx", "openvino"]
SUFFIXES = {"onnx": ".onnx", "openvino": ".xml"}
NEEDS = {"onnx": ("onnx", "onnxruntime"), "openvino": ("onnx", "onnxruntime", "openvino")}


def export(
    run: str | Path,
    out: str | Path,
    format: Format = "onnx",
    *,
    member: str | None = None,
    fold: int | None = None,
    partial: bool = False,
) -> dict[str, str]:
    """Write one network of a run: that of all rows (`refit`, `sketchfit fit`) if there is one, else that of fold 0.

    The file predicts as that network does alone: without the run's other networks, views and calibration.

    Args:
        run: a run's folder.
        out: file to write; OpenVINO's has the weights next to it, in a .bin.
        format: `onnx` or `openvino`.
        member: whose network, also a distilled student's (`NAME+distilled`); needed where the run has several members.
        fold: the network of this fold.
        partial: also of a run that is not finished, with a note.

    Returns:
        The metadata in the file, and `file`, `network` and, for a run that is not finished, `note`.

    Raises:
        UserError: no such run, member, fold or format; missing packages; a network that can't be converted.
    """
    (opened, lacks), path = open_finished(run, partial=partial), Path(out)
    if format not in get_args(Format):
        raise UserError(f"there is no format {format!r}", f"Formats: {', '.join(get_args(Format))}.")
    if path.suffix != SUFFIXES[format]:
        raise UserError(f"a file of format {format} ends in {SUFFIXES[format]}, and {path} does not")
    if missing := missing_packages(NEEDS[format]):
        raise MissingPackageError(f"the format {format} needs {', '.join(missing)}", "pip install 'sketchfit[fast]'")
    name, own = _member(opened, member)
    place = _network(opened, name, fold)
    network = load_network(place.path, own, opened.table.class_count)
    checked = checked_graph(network, own.model.size, own.data.picture_channels)
    metadata = network_metadata(opened, own, checked.any_batch)
    (write_onnx if format == "onnx" else write_openvino)(path, checked, metadata)
    return metadata | {"file": str(path), "network": str(place.path)} | ({"note": lacks[0]} if lacks else {})


def _member(run: Run, wanted: str | None) -> tuple[str, Recipe]:
    """Return the name and the recipe of the member or student that is wanted."""
    known = run.members | run.students
    if wanted is None and len(run.members) > 1:
        raise UserError(f"this run has the members {', '.join(known)}", "Name one with --member.")
    name = next(iter(run.members)) if wanted is None else wanted
    if name not in known:
        raise UserError(f"this run has no member {name!r}", f"Members: {', '.join(known)}.")
    return name, known[name]


def _network(run: Run, member: str, fold: int | None) -> NetworkFolder:
    """Return the network of a fold; where none is named, that of all rows, or else that of fold 0."""
    choices = [run.folder.network(refit_name(member), 0), run.folder.network(member, 0)]
    if fold is not None:
        choices = [run.folder.network(member, fold)]
    found = next((network for network in choices if network.is_done()), None)
    if found is None:
        raise UserError(
            f"{choices[-1].path} holds no trained network",
            "Let `sketchfit run` or `sketchfit fit` finish first, or name a fold that is trained with --fold.",
        )
    return found
