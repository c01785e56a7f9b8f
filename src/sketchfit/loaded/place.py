"""What a place holds that a model can be loaded from: a run, a published network, or a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sketchfit.bundle.manifest import BundleManifest
from sketchfit.hub.published import WEIGHTS, PublishedNetwork
from sketchfit.runs.state import State

Held = Literal["run", "published", "bundle"]


def held_by(folder: Path) -> Held:
    """Return what a folder holds; a run where it is neither of the others.

    A published network comes before a bundle in the same folder: it needs no further packages.
    """
    if State.exists(folder):
        return "run"
    if PublishedNetwork.exists(folder) and (folder / WEIGHTS).is_file():
        return "published"
    return "bundle" if BundleManifest.exists(folder) else "run"


def stated_by(folder: Path) -> PublishedNetwork | BundleManifest:
    """Return what a published network or a bundle states about itself.

    Raises:
        UserError: it is missing or damaged.
    """
    return PublishedNetwork.read(folder) if held_by(folder) == "published" else BundleManifest.read(folder)
