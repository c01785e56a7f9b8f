from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from sketchfit.memory import MemoryState, memory_state

GB = 10**9


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 16 GB, of which 10 GB are free, with 2 GB of swap, of which 1 GB is free."""
    memory = type("Memory", (), {"total": 16 * GB, "available": 10 * GB})()
    swap = type("Swap", (), {"total": 2 * GB, "free": 1 * GB})()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(psutil, "swap_memory", lambda: swap)


def state(tmp_path: Path, groups: str, files: dict[str, str]) -> MemoryState | None:
    (tmp_path / "groups").write_text(groups)
    for name, text in files.items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(text)
    return memory_state(tmp_path / "root", tmp_path / "groups")


def test_without_control_groups_the_machine_counts(tmp_path: Path) -> None:
    assert state(tmp_path, "", {}) == MemoryState(18 * GB, 11 * GB)


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        # version 2: the limit of the group above counts, too; files in memory can be freed
        (
            "0::/pod/box\n",
            {
                "pod/memory.max": f"{4 * GB}\n",
                "pod/memory.current": f"{3 * GB}\n",
                "pod/memory.stat": f"anon {GB}\nactive_file {GB // 2}\ninactive_file {GB // 2}\n",
                "pod/box/memory.max": "max\n",
            },
        ),
        # version 1, with other controllers in its line
        (
            "4:cpu:/x\n3:memory,hugetlb:/box\n",
            {
                "memory/box/memory.limit_in_bytes": f"{4 * GB}\n",
                "memory/box/memory.usage_in_bytes": f"{3 * GB}\n",
                "memory/box/memory.stat": f"total_active_file {GB // 2}\ntotal_inactive_file {GB // 2}\n",
            },
        ),
        # in a container, the mounted folder is that of the group
        ("0::/not/visible/here\n", {"memory.max": f"{4 * GB}\n", "memory.current": f"{2 * GB}\n"}),
    ],
)
def test_a_control_group_limits_both(groups: str, files: dict[str, str], tmp_path: Path) -> None:
    assert state(tmp_path, groups, files) == MemoryState(4 * GB, 2 * GB, limited=True)


@pytest.mark.parametrize("text", ["max", "9223372036854771712", "nonsense", str(20 * GB)])
def test_limits_above_the_memory_of_the_machine_are_none(text: str, tmp_path: Path) -> None:
    files = {"memory.max": text, "memory/memory.limit_in_bytes": text}
    assert state(tmp_path, "", files) == MemoryState(18 * GB, 11 * GB)
