"""The manifest of a bundle is read as it was written, and damage is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.bundle.manifest import Accuracy, BundleManifest, NetworkFacts, Preprocessing, UnknownRule
from sketchfit.errors import UserError
from sketchfit.runs.estimates import Estimate


def manifest() -> BundleManifest:
    return BundleManifest(
        labels=("7", "cat"),
        names=("seven", "cat"),
        network=NetworkFacts(source="fold", name="members/a/fold0", architecture="resnet18", parameters=11),
        accuracy=Accuracy(network=Estimate(0.5, 0.4, 0.6, 100), measured_on="the rows of fold 0"),
        preprocessing=Preprocessing(max_pixels=100, channels=3, resize="pad", stored=36, size=32),
        unknown=UnknownRule(score="confidence", known=(0.1, 0.2)),
        files={},
        made_by="0.1.0",
        run="first",
    )


def test_a_manifest_is_read_as_written(tmp_path: Path) -> None:
    manifest().write(tmp_path)
    assert BundleManifest.read(tmp_path) == manifest()


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    manifest().write(tmp_path)
    path = tmp_path / BundleManifest.PLACE
    path.write_text(path.read_text().replace('"pad"', '"crop"'))
    with pytest.raises(UserError):
        BundleManifest.read(tmp_path)
