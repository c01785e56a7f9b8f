"""The command labels images with a bundle as its loaded model does."""

from __future__ import annotations

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import sketchfit
from sketchfit.api.predict import predict
from sketchfit.bundle.manifest import UnknownRule
from sketchfit.errors import UserError
from tests.bundles import write_tiny_bundle
from tests.factories import Cli

RULE = UnknownRule(score="entropy", known=(0.1, 0.2, 0.3, 0.4))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    write_tiny_bundle(tmp_path / "bundle", unknown=RULE)
    return tmp_path / "bundle"


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """A horizontal bar, a vertical bar, and a file that is no image."""
    folder = tmp_path / "images"
    folder.mkdir()
    bar = np.full((40, 40), 255, np.uint8)
    bar[18:22, 4:36] = 0
    cv2.imwrite(str(folder / "1.png"), bar)
    cv2.imwrite(str(folder / "2.png"), bar.T)
    (folder / "3.png").write_text("no image")
    return sorted(folder.iterdir())


def test_a_bundle_is_used_as_a_run(bundle: Path, images: list[Path], cli: Cli) -> None:
    status, out, err = cli("predict", bundle, *images, "--reject", "0.2")
    assert status == 0, err
    frame = pd.read_csv(io.StringIO(out), dtype={"label": str, "label_1": str})
    found = sketchfit.load(bundle).predict(images)
    assert frame["label_1"].fillna("").astype(str).tolist()[:2] == found.labels[:2]
    np.testing.assert_allclose(frame["probability_1"][:2], np.nanmax(found.proba[:2], axis=1), atol=1e-6)
    assert frame["error"].notna().tolist() == [False, False, True]
    assert frame["p_value"].isna().tolist() == [False, False, True]


def test_sets_of_a_bundle(bundle: Path, images: list[Path]) -> None:
    coverage = float(next(iter(json.loads((bundle / "bundle.json").read_text())["sets"]["thresholds"])))
    frame = predict(bundle, images[:2], sets=coverage)
    assert [json.loads(text) for text in frame["set"]] == sketchfit.load(bundle).sets(images[:2], coverage)


def test_a_bundle_without_a_rule_rejects_nothing(tmp_path: Path, images: list[Path]) -> None:
    write_tiny_bundle(tmp_path / "bundle")
    with pytest.raises(UserError, match="no rule for unknown classes"):
        predict(tmp_path / "bundle", images, reject=0.5)
    with pytest.raises(UserError, match=r"coverage 0\.123"):
        predict(tmp_path / "bundle", images, sets=0.123)
