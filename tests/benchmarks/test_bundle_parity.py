"""The comparison of a bundle with torch prints what it compared."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import bundle_parity
from sketchfit.commands.bundle.write import write_bundle
from sketchfit.runs.run import Run

pytest.importorskip("onnxruntime")


def test_all_answers_of_a_tiny_bundle_are_equal(
    plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(Run.open(plain), tmp_path / "bundle")
    monkeypatch.setattr(sys, "argv", ["", str(plain), str(tmp_path / "bundle"), "--most", "12"])
    bundle_parity.main()
    found = json.loads(capsys.readouterr().out)
    assert found["drawings"] == 12
    for graph in ("from_images", "from_pictures"):
        assert found[graph]["equal"] == 1
        assert found[graph]["largest_difference"] < 1e-3
