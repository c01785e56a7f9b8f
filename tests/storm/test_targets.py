"""Each command meets each fault."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.storm.kinds import KINDS
from tests.storm.kinds.targets import COUNT, FAULTS, order
from tests.storm.targets import TARGETS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def test_a_complete_storm_strikes_each_command_with_each_fault() -> None:
    met = Counter(order())
    assert len(order()) == COUNT
    assert met == {(name, fault): target.rounds for name, target in TARGETS.items() for fault in FAULTS}
    assert {name for name, _ in order()[: len(TARGETS)]} == set(TARGETS)  # a short storm strikes different ones


def test_the_page_has_the_numbers_of_tries() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for kind, (number, _) in KINDS.items():
        assert any(line.startswith(f"| `{kind}` | {number} |") for line in lines), kind
