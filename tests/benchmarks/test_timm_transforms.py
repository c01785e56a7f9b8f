from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.timm_transforms import main


def test_the_published_preprocessing_is_that_of_the_training(
    plain: Path, drawn: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["timm_transforms.py", str(plain), str(drawn / "test"), "--count", "4"])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[-1].startswith("preprocess.py")
    assert "100.0 % equal answers" in lines[-1]
    assert all(line.endswith("n = 4") for line in lines)
