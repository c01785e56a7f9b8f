from __future__ import annotations

import pytest

from sketchfit.reporting.audit.group_cards import suggested_class


@pytest.mark.parametrize(
    ("labels", "suggested"),
    [
        ({0: "bee", 1: "ant"}, {0: "", 1: "bee", 9: ""}),  # equally many: the first keeps its class
        ({0: "ant", 1: "ant", 2: "bee"}, {0: "", 2: "ant"}),  # the majority keeps its class
        ({0: "ant", 1: "cat", 2: "bee"}, {0: "", 1: "ant", 2: "ant"}),
        ({0: "ant", 1: "ant"}, {0: ""}),
        ({}, {0: ""}),
    ],
)
def test_the_class_of_most_copies_is_suggested(labels: dict[int, str], suggested: dict[int, str]) -> None:
    assert {row: suggested_class(labels, row) for row in suggested} == suggested
