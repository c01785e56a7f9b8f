from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sketchfit.errors import DataError
from sketchfit.planning.draft import DraftBook
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
