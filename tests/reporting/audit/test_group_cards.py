from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sketchfit.auditing import Audit, AuditSettings, run_audit
from sketchfit.config.audit import AuditSection
from sketchfit.reporting.audit.audit_page import audit_page
from sketchfit.reporting.audit.group_cards import group_sections, suggested_class, turned_groups
from tests.auditing.audit_sets import make_table, png, scribble


@pytest.mark.parametrize(
    ("labels", "suggested"),
    [
        ({0: "bee", 1: "ant"}, {0: "", 1: "", 9: ""}),  # equally many: either can be right
        ({0: "ant", 1: "ant", 2: "bee"}, {0: "", 2: "ant"}),  # the majority keeps its class
        ({0: "ant", 1: "cat", 2: "bee"}, {0: "", 1: "", 2: ""}),
        ({0: "ant", 1: "ant", 2: "bee", 3: "cat"}, {0: "", 2: "", 3: ""}),  # no more than half
        ({0: "bee", 1: "ant", 2: "ant", 3: "ant", 4: "cat"}, {0: "ant", 1: "", 4: "ant"}),
        ({0: "ant", 1: "ant"}, {0: ""}),
        ({}, {0: ""}),
    ],
)
def test_the_class_of_most_copies_is_suggested(labels: dict[int, str], suggested: dict[int, str]) -> None:
    assert {row: suggested_class(labels, row) for row in suggested} == suggested


Change = Callable[[np.ndarray], np.ndarray]
CHANGES: dict[str, Change] = {
    "mirrored": lambda image: image[:, ::-1],
    "upside down": lambda image: image[::-1],
    "rotated": lambda image: np.rot90(image, 3),
    "rotated 180": lambda image: np.rot90(image, 2),
}


def _audit(folder: Path, change: Change, copies: int = 1) -> Audit:
    """Twelve drawings of two classes; the first drawing of class 0 is changed, as drawings of class 1."""
    train = {f"{k}.png": (k % 2, png(scribble(k))) for k in range(12)}
    train |= {f"copy{k}.png": (1, png(np.ascontiguousarray(change(scribble(0))))) for k in range(copies)}
    return run_audit(make_table(folder / "data", train, {}), AuditSettings(), folder / "cache")


@pytest.mark.parametrize("name", CHANGES)
def test_flipped_and_turned_drawings_may_be_of_two_classes(tmp_path: Path, name: str) -> None:
    audit = _audit(tmp_path, CHANGES[name], copies=2)
    (section,) = group_sections(audit)
    assert section.title == "Two labels, flipped or turned"
    (card,) = section.cards
    assert any(name in kind for kind in card.kinds)
    assert {one.suggested for one in card.pictures} == {""}  # two of three copies are no majority for the other one
    assert turned_groups(audit) == [tuple(audit.copies.groups[0])]
    html = audit_page(audit, AuditSection(page_images=0), 1)
    assert "At least one of the labels is wrong" not in html


def test_the_same_drawing_with_two_labels_is_wrong(tmp_path: Path) -> None:
    audit = _audit(tmp_path, lambda image: image, copies=2)
    (section,) = group_sections(audit)
    assert section.title == "One drawing, two labels"
    assert [one.suggested for one in section.cards[0].pictures] == ["c1", "", ""]
    assert turned_groups(audit) == []
