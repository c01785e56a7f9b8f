"""OpenVINO is imported without what sends usage data."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import sketchfit

SOURCE = Path(sketchfit.__file__).parent

SCRIPT = """
import sys, time
import multiprocessing
from sketchfit._openvino import import_openvino
multiprocessing.Process.start = lambda self: print("forked")
import_openvino().Core()
time.sleep(1)
print(sorted(name for name in sys.modules if name.startswith("openvino_telemetry.")))
"""


def test_no_process_is_forked_and_nothing_is_sent():
    pytest.importorskip("openvino")
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]"], done.stdout


def test_openvino_is_imported_in_one_place():
    found = [
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if re.search(r"^\s*(import openvino|from openvino)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert found == ["_openvino.py"]
