from __future__ import annotations

import numpy as np
import pytest

from sketchfit.reporting.run import shown_rows
from sketchfit.reporting.run.shown_rows import NUMBERS, ShownRows


def test_of_long_paths_the_page_has_as_many_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [f"{row:0100d}" for row in range(50)]
    assert not ShownRows.of(paths).partial
    monkeypatch.setattr(shown_rows, "MOST_BYTES", 20 * (100 + NUMBERS))
    shown = ShownRows.of(paths, [7, 49])
    assert len(np.union1d(shown.places, [7, 49])) == len(shown.places)
    assert 20 <= len(shown.places) <= 22
    assert "of the 50 drawings" in shown.note
    assert not ShownRows.of(paths[:20]).partial


def test_no_rows_are_all_rows() -> None:
    assert ShownRows.of([]).places.tolist() == []
