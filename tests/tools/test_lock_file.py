"""The lock file fits the project, and differences from it are found."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.version import Version

from tools.lock_file import ROOT, differences, locked, project_requirements, unmet

TEXT = """
# comment
torch==2.13.0
old==1.0 ; python_version < '3'
new==2.0b1 ; python_version >= '3'
both==1.0 ; python_version < '3'
both==2.0 ; python_version >= '3'
"""


def test_markers_select_the_lines_of_this_python() -> None:
    assert {name: str(version) for name, version in locked(TEXT).items()} == {
        "torch": "2.13.0", "new": "2.0b1", "both": "2.0",
    }  # fmt: skip


def test_requirements_that_are_not_met() -> None:
    lock = locked(TEXT)
    met = ["torch>=2.6", "new>=1", "none>=1; python_version < '3'", "Both<3"]
    assert unmet([*met, "both<2", "none"], lock) == ["both<2", "none"]


def test_differences_of_installed_versions() -> None:
    lock = {"torch": Version("2.13.0"), "new": Version("1")}
    assert differences({"torch": "2.13.0+cpu", "pip": "23.0"}, lock) == []
    assert len(differences({"torch": "2.12.0+cpu", "other": "1"}, lock)) == 2


def test_the_lock_meets_the_project_and_its_pins() -> None:
    assert unmet(project_requirements(), locked((ROOT / "lock.txt").read_text())) == [], "run: make lock"


def test_the_lock_names_versions_only() -> None:
    lines = (Path(ROOT) / "lock.txt").read_text().splitlines()
    assert len(lines) > 200
    assert [one for one in lines if not re.fullmatch(r"[a-z0-9.-]+==[0-9][a-z0-9.]*( ; [^@:/]+)?", one)] == []
