from __future__ import annotations

import pytest

from sketchfit.reporting.site.page_facts import page_facts


def test_the_command_that_writes_the_page_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/lib/sketchfit/__main__.py", "compare", "a", "b c"])
    found = page_facts("compare", {"Data": "drawings", "Nothing": ""})
    assert found.command == "sketchfit compare a 'b c'"
    assert [name for name, _ in found.facts] == ["Written", "Data"]
    assert page_facts("ablate", {}).command == ""


def test_a_program_that_writes_a_page_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["study.py", "compare"])
    assert page_facts("compare", {}).command == ""
