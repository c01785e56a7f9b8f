"""The stage that opens the frozen features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sketchfit.bank.extractor import Extractor
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.stages.bank import bank
from sketchfit.stages.context import RunState, made
from sketchfit.training.engine import Engine
from tests.factories import open_context


def opened(data: Path, settings: dict[str, Any], folder: Path, changes: dict[str, Any] | None = None) -> Any:
    own = {"data": {"cache": str(folder / "cache")}}
    recipe = load_recipe(load_recipe(settings, own).model_dump(mode="json"), changes or {})
    context, members = open_context(folder / "run", data, recipe)
    return context, RunState(members=members)


def test_the_state_has_features_of_all_rows(drawn: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    context, state = opened(drawn, tiny, tmp_path)
    features = made(bank(context, state).features)
    assert features.train.shape == (32, sum(features.widths))
    assert features.test.shape == (12, sum(features.widths))
    assert len(np.unique(features.train, axis=0)) == 32


def test_the_first_member_decides_the_network(drawn: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    members = {"small": {}, "other": {"model": {"backbone": "test_efficientnet", "input_size": 48}}}
    context, state = opened(drawn, tiny, tmp_path, {"members": members})
    found = made(bank(context, state).features)
    alone = made(bank(*opened(drawn, tiny, tmp_path)).features)
    assert found.widths == alone.widths
    last = made(bank(*opened(drawn, tiny, tmp_path, {"members": dict(reversed(members.items()))})).features)
    assert last.widths == (24, 32, 48, 64, 256, 256)


def test_only_the_main_process_computes(
    drawn: Path, tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second process finds in the cache what the main one wrote."""
    context, state = opened(drawn, tiny, tmp_path)
    order: list[str] = []
    real = Extractor.extract
    monkeypatch.setattr(Extractor, "extract", lambda self, *args: (order.append("extract"), real(self, *args))[1])
    engine: Any = context.engine
    found = []
    for rank in (0, 1):
        monkeypatch.setattr(engine, "processes", 2)
        monkeypatch.setattr(engine, "is_main", rank == 0)
        monkeypatch.setattr(engine, "from_main", lambda value: order.append("shared") or value)
        assert isinstance(engine, Engine)
        found.append(made(bank(context, state).features).train)
    assert order == ["extract", "extract", "shared", "shared"]  # training and test, in the main process alone
    assert np.array_equal(*found)


def test_nan_stops_the_run(drawn: Path, tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, state = opened(drawn, tiny, tmp_path)
    real = Extractor.of_pictures
    monkeypatch.setattr(Extractor, "of_pictures", lambda self, images: real(self, images) * np.float32(torch.nan))
    with pytest.raises(UserError) as error:
        bank(context, state)
    assert context.table.train.paths[0] in error.value.problems[0]
    assert "precision" in error.value.hint
