from __future__ import annotations

import numpy as np

from benchmarks.scout_regret import Trained, table_line
from sketchfit.runs.artefacts import ScoutRecord
from tests.stages.scout.made import make_figures


def test_the_regret_is_that_of_the_complete_training():
    rows = np.arange(100)
    trained = {"a at 64 px": Trained(rows < 40, 600.0), "b at 64 px": Trained(rows < 43, 1200.0)}
    record = ScoutRecord(
        data="d",
        machine="m",
        rows=100,
        classes=2,
        seconds=300.0,
        used=270.0,
        options=(make_figures("a at 64 px"), make_figures("b at 64 px")),
        chosen="a at 64 px",
        reason="",
    )
    line = table_line("drawings", trained, record)
    assert "b at 64 px: 43.0 %" in line
    assert "| 3.0 (" in line
    assert "15% of 30 min" in line
    assert "| 0.0 (+0.0 to +0.0) |" in table_line(
        "drawings", trained, record.model_copy(update={"chosen": "b at 64 px"})
    )
