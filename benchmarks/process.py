"""Every candidate in a process of its own: allocator, thread pools and imports apply to an entire process."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.case import Case
from benchmarks.measure import NotHere

ROOT = Path(__file__).parents[1]


def environment(threads: int) -> dict[str, str]:
    """The environment of every process: the same number of threads, the network never options."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {
        **os.environ,
        "PYTHONPATH": path,
        "OMP_NUM_THREADS": str(threads),
        "HF_HUB_OFFLINE": "1",
        "NO_ALBUMENTATIONS_UPDATE": "1",
    }


def call_in_process(case: Case, call: str, arguments: Mapping[str, Any]) -> dict[str, float]:
    """Figures of `package.module:function` called with the case and the arguments, in a fresh process.

    Raises:
        NotHere: the function raised it.
        RuntimeError: it failed; the text is the last line it wrote.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [
            sys.executable,
            "-m",
            "benchmarks.process",
            call,
            case.to_json(),
            json.dumps(dict(arguments)),
            answer,
        ]
        done = subprocess.run(
            list(map(str, command)), env=environment(case.threads), capture_output=True, text=True, check=False
        )
        if done.returncode != 0 or not answer.is_file():
            print(done.stderr, file=sys.stderr)
            raise RuntimeError((done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1])
        found: dict[str, Any] = json.loads(answer.read_text())
    if "not_here" in found:
        raise NotHere(found["not_here"])
    return found


def main() -> None:
    """The fresh process: call, and write the answer."""
    call, case, arguments, answer = sys.argv[1:]
    module, _, name = call.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)(Case.from_json(case), **json.loads(arguments)) or {}
    except NotHere as error:
        found = {"not_here": str(error)}
    Path(answer).write_text(json.dumps(found))


if __name__ == "__main__":
    # Under its own name, so that a NotHere raised elsewhere is the class that is caught here.
    importlib.import_module("benchmarks.process").main()
