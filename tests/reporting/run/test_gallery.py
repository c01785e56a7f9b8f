from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.run.gallery import choose_errors


def test_the_worst_of_each_kind_are_chosen(make_run: Callable[..., Path]) -> None:
    evidence = read_evidence(make_run())
    items = choose_errors(evidence, 10)
    reasons = {one.place: one.reasons for one in items}
    wrong = np.flatnonzero(~evidence.correct)
    assert len(items) == 10
    assert "loss" in reasons[int(wrong[evidence.loss[wrong].argmax()])]
    assert "confidence" in reasons[int(wrong[evidence.confidence[wrong].argmax()])]
    assert "disagreement" in reasons[int(evidence.disagreement.argmax())]


def test_one_member_has_no_disagreement(make_run: Callable[..., Path]) -> None:
    items = choose_errors(read_evidence(make_run(members=1)), 1000)
    assert {reason for one in items for reason in one.reasons} == {"loss", "confidence"}
