"""`sketchfit.load`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sketchfit.api.call import check_paths, public_call

if TYPE_CHECKING:
    from sketchfit.loaded.model import Model
    from sketchfit.runs.run import Run


def load(path: str | Path | Run, *, distilled: bool = False, partial: bool = False, device: str | None = None) -> Model:
    """Load a finished run, a published network or a bundle into memory, to predict images from Python.

    Its networks stay in memory until the model is deleted. Nothing is written. The answers are those of
    `sketchfit predict`.

    Args:
        path: the folder of a run, of a bundle by `export`, which needs no PyTorch, or of a published network; or
            `hf://owner/name` on the hub, which is downloaded; or a run that is open, finished or not.
        distilled: only the run's distilled student.
        partial: also a run that is not finished, with the networks that are.
        device: `cpu`, `cuda`, `cuda:1`, `mps`; None: that of the run's recipe. A bundle computes on the CPU.

    Raises:
        RunError: there is no run or bundle, it is not finished, or a file is missing or damaged.
        MissingPackageError: PyTorch, or ONNX Runtime for a bundle, is not installed.
        UserError: there is no such device, or another mistake.

    Examples:
        >>> import sketchfit
        >>> model = sketchfit.load("runs/first")
        >>> model.predict("drawing.png")[0].label in model.labels
        True
        >>> model.proba(["drawing.png", "drawing.png"]).shape
        (2, 4)
    """
    with public_call():
        check_paths(path=path)
        from sketchfit.loaded.load import load as load_model

        return load_model(path, distilled=distilled, partial=partial, device=device)
