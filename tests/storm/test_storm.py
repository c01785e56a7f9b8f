"""A small storm as a test; `STORM_TRIES=10` makes it larger, `python -m tests.storm --all` is a complete one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.storm.kinds import KINDS
from tests.storm.seccomp import available

ROOT = Path(__file__).parents[2]
SEED = "0"


@pytest.mark.slow
@pytest.mark.skipif(not available(), reason="needs Linux on x86-64")
def test_no_try_is_silently_wrong_or_ends_in_a_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.storm", "--seed", SEED, "--scratch", str(tmp_path)]
    command += ["--tries", os.environ.get("STORM_TRIES", "2")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"| {kind} " in done.stdout for kind in KINDS)
