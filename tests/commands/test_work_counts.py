"""Work is counted, not timed: what makes a run fast must not be lost without a test that says so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import sketchfit
import sketchfit.data.store_build as store_module


def test_an_image_is_decoded_once_for_all_folds_epochs_and_runs(
    drawn: Path, tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: Counter[bytes] = Counter()
    decode = store_module.decode_image

    def counted(data: bytes, **settings: Any) -> Any:
        decoded[data] += 1
        return decode(data, **settings)

    monkeypatch.setattr(store_module, "decode_image", counted)
    settings = {**tiny, "data": {**tiny["data"], "cache": str(tmp_path / "cache")}}
    sketchfit.run(drawn, settings, out=tmp_path / "one")  # 2 folds, 2 epochs
    assert len(decoded) == 32 + 12
    assert set(decoded.values()) == {1}
    sketchfit.run(drawn, settings, overrides={"optimizer": {"lr": 1e-3}}, out=tmp_path / "two")
    assert set(decoded.values()) == {1}
