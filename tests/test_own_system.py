from __future__ import annotations

import re
from pathlib import Path

from sketchfit.own_system import boot, scope


def test_processes_that_see_one_another_have_the_same_scope(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("0c9b\n")
    second.write_text("77aa\n")
    group, other = tmp_path / "group", tmp_path / "other"
    group.symlink_to("pid:[4026531836]")
    other.symlink_to("pid:[4026532000]")
    assert boot(first) == "0c9b"
    found = [scope(*args) for args in ((first, group), (second, group), (first, other), (tmp_path / "no", group))]
    assert len(set(found)) == 4
    assert scope(first, group) == found[0]
    assert all(re.fullmatch("[0-9a-f]{8}", one) for one in found)


def test_a_system_that_names_neither_is_known_by_its_host(tmp_path: Path) -> None:
    assert boot(tmp_path / "no") == ""
    assert scope(tmp_path / "no", tmp_path / "no") == scope(tmp_path / "none", tmp_path / "none")
