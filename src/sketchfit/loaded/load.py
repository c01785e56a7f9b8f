"""Load a run, or a network that was published, into memory."""

from __future__ import annotations

from pathlib import Path

from sketchfit.errors import UserError
from sketchfit.hub.download import local_folder
from sketchfit.loaded.model import LoadedModel
from sketchfit.loaded.place import held_by


def load(path: str | Path, *, distilled: bool = False, partial: bool = False, device: str | None = None) -> LoadedModel:
    """Load a finished run, or a published network, into memory, to predict images from Python.

    All networks stay in memory until the model is deleted. Nothing is written. The answers are those of
    `sketchfit predict`.

    Args:
        path: the folder of a run or of a published network; or `hf://owner/name` on the hub, which is downloaded.
        distilled: only the run's distilled student.
        partial: also a run that is not finished, with the networks that are.
        device: `cpu`, `cuda`, `cuda:1`, `mps`; None: that of the run's recipe.

    Raises:
        UserError: there is no run, it is not finished, a file is missing or damaged, or there is no such device.

    Example:
        >>> model = load("runs/first")  # doctest: +SKIP
        >>> model.predict("cat.png")[0].label  # doctest: +SKIP
        'cat'
        >>> model.proba(["cat.png", "dog.png"]).shape  # doctest: +SKIP
        (2, 40)
    """
    from sketchfit.loaded.of_published import published_model
    from sketchfit.loaded.of_run import run_model
    from sketchfit.runs.finished import open_finished

    folder = local_folder(path)
    if held_by(folder) == "published":
        if distilled:
            raise UserError(f"{path} is one network and has no distilled student", "Leave out distilled.")
        model = published_model(folder, device=device)
    else:
        run, _ = open_finished(folder, partial=partial)
        model = run_model(run, distilled=distilled, device=device)
    model.load_networks()
    return model
