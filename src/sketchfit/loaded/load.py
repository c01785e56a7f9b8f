"""Load a run, a published network or a bundle into memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sketchfit.errors import UserError
from sketchfit.hub.download import local_folder
from sketchfit.loaded.model import Model
from sketchfit.loaded.place import held_by

if TYPE_CHECKING:
    from sketchfit.runs.run import Run


def load(path: str | Path | Run, *, distilled: bool = False, partial: bool = False, device: str | None = None) -> Model:
    """Load a finished run, a published network or a bundle into memory, to predict images from Python.

    Its networks stay in memory until the model is deleted. Nothing is written. The answers are those of
    `sketchfit predict`.

    Args:
        path: the folder of a run, of a bundle by `sketchfit export`, which needs no PyTorch, or of a published network;
            or `hf://owner/name` on the hub, which is downloaded; or a run that is open, finished or not.
        distilled: only the run's distilled student.
        partial: also a run that is not finished, with the networks that are.
        device: `cpu`, `cuda`, `cuda:1`, `mps`; None: that of the run's recipe. A bundle computes on the CPU.

    Raises:
        UserError: there is no run or bundle, it is not finished, a file is missing or damaged, or there is no such
            device.
    """
    if not isinstance(path, (str, Path)):
        return _run(path, distilled, device)
    folder = local_folder(path)
    held = held_by(folder)
    if held != "run" and distilled:
        raise UserError(f"{path} is one network and has no distilled student", "Leave out distilled.")
    if held == "bundle":
        return _bundle(folder, device)
    if held == "published":
        from sketchfit.loaded.of_published import published_model

        model = published_model(folder, device=device)
        model.load_networks()
        return model
    from sketchfit.runs.finished import open_finished

    return _run(open_finished(folder, partial=partial)[0], distilled, device)


def _run(run: Run, distilled: bool, device: str | None) -> Model:
    from sketchfit.loaded.of_run import run_model

    model = run_model(run, distilled=distilled, device=device)
    model.load_networks()
    return model


def _bundle(folder: Path, device: str | None) -> Model:
    if device not in (None, "cpu"):
        raise UserError(f"{folder} is a bundle, which computes on the CPU, not on {device!r}", "Leave out device.")
    from sketchfit.bundle.model import BundleModel
    from sketchfit.loaded.bundle_model import LoadedBundle

    return LoadedBundle(BundleModel.open(folder))
