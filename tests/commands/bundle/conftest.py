"""A bundle of a tiny run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="session")
def bundle(plain: Path, tmp_path_factory: Any) -> Path:
    """The bundle of `plain`, with neighbours. Not to be changed by a test."""
    from sketchfit.commands.bundle.options import BundleOptions
    from sketchfit.commands.bundle.write import write_bundle
    from sketchfit.runs.run import Run

    folder: Path = tmp_path_factory.mktemp("bundle") / "bundle"
    write_bundle(Run.open(plain), folder, BundleOptions(neighbours=True))
    return folder
