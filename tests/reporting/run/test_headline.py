from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.run.confusions import confusions_section
from sketchfit.reporting.run.headline import headline_section
from sketchfit.reporting.run.statistics import compute_statistics
from tests.factories import write_run


@pytest.mark.parametrize("classes", [2, 3, 5, 6])
def test_top_5_is_a_figure_only_of_more_than_five_classes(tmp_path: Path, classes: int) -> None:
    evidence = read_evidence(write_run(tmp_path / "run", tmp_path / "data", classes=classes))
    html = headline_section(evidence, compute_statistics(evidence, resamples=20)).html
    rows = html.split("Step by step")[0].split("<tr>")[1:4]
    assert ("top-5" in html) == (classes > 5)
    assert len({row.count("<td") + row.count("<th") for row in rows}) == 1


@pytest.mark.parametrize("pairs", [1, 2])
def test_one_pair_of_classes_is_in_the_singular(tmp_path: Path, pairs: int) -> None:
    run = write_run(tmp_path / "run", tmp_path / "data", classes=3)
    answer = np.repeat(np.arange(3), 20)
    answer[[0, 20]] = (1, 0 if pairs == 1 else 2)
    np.savez(run / "ensemble" / "oof.npz", row=np.arange(60), prob=np.eye(3, dtype=np.float32)[answer])
    html = confusions_section(read_evidence(run)).html
    assert ("between two classes" in html) == (pairs == 1)
    assert ("The 2 pairs" in html) == (pairs == 2)
    assert "The 1 pairs" not in html
