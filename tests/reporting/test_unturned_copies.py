from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketchfit.reporting.evidence import Evidence, read_evidence
from sketchfit.reporting.run.label_issues import review_labels
from sketchfit.runs.artefacts import AuditFindings


def _evidence(run: Path, kinds: dict[tuple[str, str], str]) -> Evidence:
    """Rows 0, 20 and 40, of three classes, are near-duplicates."""
    pairs = [{"first": first, "second": second, "kind": kind} for (first, second), kind in kinds.items()]
    AuditFindings.model_validate({"near_duplicates": {"pairs": pairs}} if pairs else {}).write(run)
    evidence = read_evidence(run)
    copies = np.arange(120)
    copies[[20, 40]] = 0
    evidence.run.__dict__["rows"] = replace(evidence.run.rows, copies=copies)
    return evidence


A, B, C = (f"train/{row:03d}.png" for row in (0, 20, 40))


@pytest.mark.parametrize(
    ("kinds", "together"),
    [
        ({(A, B): "mirrored", (A, C): "identical", (B, C): "mirrored"}, {0, 40}),
        ({(A, B): "mirrored", (A, C): "rotated 90°", (B, C): "upside down"}, set()),
        ({(A, B): "tilted 5°", (B, C): "resized 0.80"}, {0, 20, 40}),
        ({(A, "test/1.png"): "identical", ("test/1.png", B): "tilted 3°", (A, C): "mirrored"}, {0, 20}),
        ({}, {0, 20, 40}),  # the kinds are not known
    ],
)
def test_labels_of_flipped_and_turned_copies_may_differ(
    make_run: Callable[..., Path], kinds: dict[tuple[str, str], str], together: set[int]
) -> None:
    evidence = _evidence(make_run(), kinds)
    family = evidence.unturned_copies
    assert {row for row in (0, 20, 40) if (family == family[row]).sum() > 1} == together
    assert len(np.unique(family)) == 120 - max(len(together) - 1, 0)
    issues = review_labels(evidence).issues
    assert {one.place for one in issues if one.reason == "copies"} == together
