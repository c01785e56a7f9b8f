"""The suite can be collected on Windows: what needs other systems is left out, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import POSIX_ONLY

TESTS = Path(__file__).parent


def test_what_is_left_out_exists() -> None:
    assert [name for name in POSIX_ONLY if not (TESTS / name).is_file()] == []


@pytest.mark.slow
def test_all_other_tests_are_collected() -> None:
    options = ["-p", "tests.collected_on_windows", "-p", "no:cacheprovider", "--collect-only", "-m", ""]
    command = [sys.executable, "-m", "pytest", *options]
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    files = {line.partition("::")[0] for line in done.stdout.splitlines() if "::" in line}
    every = {path.relative_to(TESTS.parent).as_posix() for path in TESTS.rglob("test_*.py")}
    assert not files & {f"tests/{name}" for name in POSIX_ONLY}
    assert len(files) > 0.9 * len(every)
