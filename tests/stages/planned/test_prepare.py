from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.errors import DataError
from sketchfit.planning.draft import DraftBook
from sketchfit.planning.goal import Goal
from sketchfit.planning.ladder import PlannedBackbone
from sketchfit.stages.planned import prepare
from sketchfit.stages.planned.measure import DECODING


def _load(cores: float) -> Any:
    return SimpleNamespace(cores=lambda: cores)


@pytest.mark.parametrize(("others", "written"), [(0.0, {DECODING: 50.0}), (1000.0, {})])
def test_a_speed_of_decoding_that_others_disturb_is_used_and_not_written(
    tmp_path: Path, others: float, written: dict[str, float]
):
    book = DraftBook(60.0, tmp_path)
    prepare._keep_rate(book, 50.04, _load(others))
    assert book.plan.measurements == written
    assert book.measured(DECODING) == 50.0


def test_decoding_has_the_usual_speed_where_a_sample_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(_: Any) -> float:
        raise DataError("no image can be read")

    monkeypatch.setattr(prepare.Sampler, "decoding_rate", refuse)
    book, nothing = DraftBook(60.0, tmp_path), cast(Any, None)
    prepare._time_sample(nothing, nothing, book)
    assert book.measured(DECODING) is None


def test_the_first_answer_is_by_a_member_that_computes_at_its_size(monkeypatch: pytest.MonkeyPatch):
    named = [PlannedBackbone(name, {"backbone": name}, 224, cost) for name, cost in (("a", 1.0), ("b", 2.0))]
    monkeypatch.setattr(prepare, "backbones", lambda *_: named)
    monkeypatch.setattr(prepare, "first_recipe", lambda _, rung: SimpleNamespace(model=rung.backbone.name))
    context = cast(
        Any,
        SimpleNamespace(
            recipe=load_recipe("cpu"),
            table=SimpleNamespace(train=range(60), test=range(30)),
            engine=SimpleNamespace(device=torch.device("mps")),
        ),
    )
    orders = []
    for computing in ({"a", "b"}, {"b"}, set[str]()):
        monkeypatch.setattr(prepare, "takes_size", lambda name, size, computing=computing: name in computing)
        orders.append([rung.name for rung in prepare.rungs_of(context, Goal(3600.0), 3600.0)])
    assert [order[0] for order in orders] == ["a-128-bank", "b-128-bank", "a-224-bank"]
    assert len({frozenset(order) for order in orders}) == 1, "the others follow"
