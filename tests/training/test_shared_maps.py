from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sketchfit.config.parse import parse_recipe
from sketchfit.data.folds import Fold
from sketchfit.training import map_cache
from sketchfit.training.fold import fold_job, train_fold
from sketchfit.training.shared_maps import store_maps
from tests.factories import open_context, tiny_recipe

FOLD = Fold(0, np.arange(0, 32, 2), np.arange(1, 32, 2))


def _changes(copies: int) -> dict[str, object]:
    return {
        "model": {"freeze": {"train": "from", "first": 2, "copies": copies}},
        "training": {"epochs": 3, "kernel": "blend"},
        "inference": {"backend": "openvino"},
    }


@pytest.mark.parametrize("copies", [0, 2])
def test_a_training_computes_nothing_that_was_stored_before(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copies: int
):
    changes = {**_changes(copies), "data": {"cache": str(tmp_path / "cache")}}
    context, members = open_context(tmp_path / "run", drawn, parse_recipe(tiny_recipe(changes)))
    (member,) = members.values()
    store_maps(fold_job(context, member, FOLD, ""), member.test, context.engine, context.console)
    stored = sorted(path.name for path in (tmp_path / "cache").glob("maps-*.npy"))
    assert len(stored) == (copies + 2 if copies else 0)  # and the entire pictures of both tables
    written: list[Path] = []
    monkeypatch.setattr(map_cache, "write_json", lambda path, _: written.append(path))
    train_fold(context, member, FOLD)
    assert written == []
    assert sorted(path.name for path in (tmp_path / "cache").glob("maps-*.npy")) == stored
