from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_gaps_of_a_command_are_printed() -> None:
    script = "import time; print('first', flush=True); time.sleep(0.6); print('second')"
    command = [sys.executable, "-m", "tools.silences", "--longer", "0.5", "--", sys.executable, "-c", script]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=root)
    assert done.returncode == 1
    assert "after 'first'" in done.stderr
    assert "second" in done.stdout
