from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sketchfit.reporting.evidence import disagreement, read_evidence
from sketchfit.reporting.run.run_report import write_report
from tests.reporting.review_page import OFF


def test_disagreement_is_0_for_equals_and_1_for_opposites() -> None:
    sure = np.array([[1.0, 0.0], [1.0, 0.0]], dtype=np.float32)
    other = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    assert disagreement([sure, other]) == pytest.approx([0.0, 1.0], abs=1e-6)


def test_members_that_have_not_validated_all_rows_are_left_out(make_run: Callable[..., Path]) -> None:
    run = make_run(members=3)
    shutil.rmtree(run / "members" / "member1" / "fold1")
    evidence = read_evidence(run)
    assert [*evidence.members] == ["member0", "member2"]
    assert len(evidence.members["member2"]) == len(evidence.rows)


def test_a_report_of_a_run_that_was_stopped_after_its_last_predictions(make_run: Callable[..., Path]) -> None:
    run = make_run(members=2)
    shutil.rmtree(run / "members" / "member0" / "fold1")
    assert write_report(run, overrides=OFF).is_file()
