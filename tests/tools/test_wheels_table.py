"""The table of wheels: its form, and what is read from the errors of uv."""

from __future__ import annotations

import re

from tools.wheels_table import EXTRAS, PYTHONS, ROOT, SYSTEMS, YES, Case, reason, table

ERROR = """
  × No solution found when resolving dependencies:
  ╰─▶ Because openvino==2026.4.1 has no wheels with a matching platform tag (e.g., `manylinux_2_28_aarch64`) and
      sketchfit depends on openvino==2026.4.1, we can conclude that your requirements are unsatisfiable.
"""


def test_the_package_without_a_wheel_is_named() -> None:
    assert reason(ERROR) == "no: openvino"
    assert reason("error: the network cannot be reached") == "no: error: the network cannot be reached"


def test_the_table_has_a_row_per_system_and_a_column_per_python() -> None:
    found = {Case(system, python): f"{python} {system}" for system in SYSTEMS for python in PYTHONS}
    lines = [*table(found)]
    assert len(lines) == 2 + len(SYSTEMS)
    assert {line.count("|") for line in lines} == {2 + len(PYTHONS)}
    assert f"{PYTHONS[-1]} {next(iter(SYSTEMS))}" in lines[2]


def test_the_page_has_the_table_and_the_extras() -> None:
    page = (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8")
    part = page.partition("## Wheels\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    assert rows[0] == ["system", f"Python {PYTHONS[0]}", *PYTHONS[1:]]
    assert [row[0] for row in rows[2:]] == [*SYSTEMS]
    for row in rows[2:]:
        assert len(row) == 1 + len(PYTHONS)
        assert all(cell == YES or cell.startswith("no: ") for cell in row[1:])
    assert re.findall(r"`(\w+)`", part.partition("can be installed")[0]) == [*EXTRAS]
