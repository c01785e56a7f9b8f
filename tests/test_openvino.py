"""OpenVINO is imported without what sends usage data, and leaves signals to their handlers."""

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


SIGNALLED = """
import gc, os, signal, threading, time
from onnx import TensorProto, helper
from sketchfit.models.conversion.compile_openvino import compile_openvino
values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "relu", values[:1], values[1:])
data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
networks = [compile_openvino(data, 1) for _ in range(3)]
networks.pop(0)  # the first one first
gc.collect()
other = threading.Thread(target=networks.pop)  # and one in another thread
other.start()
other.join()
networks.clear()
gc.collect()
received = []
signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(0.1)
print(received == [signal.SIGTERM])
"""


def test_a_signal_after_networks_were_deleted_is_handled():
    pytest.importorskip("openvino")
    done = subprocess.run([sys.executable, "-c", SIGNALLED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr


def test_openvino_is_imported_in_one_place():
    found = [
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if re.search(r"^\s*(import openvino|from openvino)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert found == ["_openvino.py"]
