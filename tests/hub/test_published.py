from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sketchfit.bundle.manifest import NetworkFacts, Preprocessing
from sketchfit.errors import UserError
from sketchfit.hub.published import PublishedNetwork

GIVEN: dict[str, Any] = {
    "labels": ("0", "1"),
    "names": ("apple", "bee"),
    "network": NetworkFacts(source="fold", name="members/one/fold0", architecture="test_resnet", parameters=5),
    "preprocessing": Preprocessing(max_pixels=1000, channels=1, resize="pad", stored=36, size=32),
    "arguments": {"pad_type": "same", "scales": [1, 2], "attn": {"drop": [{"x": 0.1}]}},
}


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    stated = PublishedNetwork(**GIVEN)
    stated.write(tmp_path)
    assert PublishedNetwork.read(tmp_path) == stated
    assert json.loads((tmp_path / "sketchfit.json").read_text())["labels"] == ["0", "1"]


@pytest.mark.parametrize(
    "changes",
    [
        {"arguments": {"checkpoint_path": "/etc/passwd"}},
        {"arguments": {"pretrained_cfg_overlay": {"file": "x.pth"}}},
        {"arguments": {"pretrained": True}},
        {"arguments": ["x"]},
        {"labels": (), "names": ()},
        {"labels": ("0", "0")},
        {"labels": ("0",)},
        {"temperature": 0.0},
        {"temperature": float("nan")},
    ],
)
def test_files_of_others_are_checked(tmp_path: Path, changes: dict[str, Any]) -> None:
    good = PublishedNetwork(**GIVEN).model_dump(mode="json")
    (tmp_path / "sketchfit.json").write_text(json.dumps(good | changes))
    with pytest.raises(UserError):
        PublishedNetwork.read(tmp_path)
