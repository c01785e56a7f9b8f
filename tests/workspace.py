"""The folder in which examples of the documentation run: drawings, two finished runs, weights."""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path

import cv2
import numpy as np

from tests.factories import tiny_recipe

RUNS: dict[str, dict[str, int]] = {"first": {}, "second": {"seed": 1}}
"""Settings in which each run differs."""


def make_workspace(root: Path, *runs: str) -> Path:
    """Fill a folder with `data`, `drawing.png`, `weights` and these runs, each of which takes a second or two."""
    import torch
    from safetensors.torch import save_file

    import sketchfit
    from sketchfit._timm import timm

    with contextlib.chdir(root), contextlib.redirect_stdout(io.StringIO()):
        drawn = sketchfit.draw("data", classes=4, per_class=8, test_per_class=3)
        image = next((drawn.out / "train").rglob("*.JPEG"))
        cv2.imwrite("drawing.png", cv2.imdecode(np.fromfile(image, np.uint8), cv2.IMREAD_UNCHANGED))
        for name in runs:
            sketchfit.run("data", tiny_recipe(RUNS[name]), out=f"runs/{name}")
        Path("weights").mkdir()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            save_file(timm.create_model("test_resnet", num_classes=10).state_dict(), "weights/test_resnet.safetensors")
    return root


def copied(workspace: Path, place: Path) -> Path:
    """Return a copy of the folder that an example may change."""
    return Path(shutil.copytree(workspace, place, dirs_exist_ok=True))
