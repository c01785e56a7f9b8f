"""What a place holds that a model can be loaded from: a run, a published network, or a bundle."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from sketchfit.bundle.manifest import BundleManifest
from sketchfit.hub.published import WEIGHTS, PublishedNetwork
from sketchfit.runs.state import State

Held = Literal["run", "published", "bundle"]


def held_by(folder: Path) -> Held:
    """Return what a folder holds; a run where it is neither of the others.

    Of a published network and a bundle in the same folder, the bundle is used where PyTorch is not installed.
    """
    if State.exists(folder):
        return "run"
    published, bundle = (folder / WEIGHTS).is_file() and PublishedNetwork.exists(folder), BundleManifest.exists(folder)
    if published and (not bundle or find_spec("torch") is not None):
        return "published"
    return "bundle" if bundle else "run"
