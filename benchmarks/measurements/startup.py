"""From the command to its first words."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.case import Case
from benchmarks.measure import Candidate, Measurement

COMMANDS = {
    "sketchfit --help": ["-m", "sketchfit", "--help"],
    "sketchfit recipes": ["-m", "sketchfit", "recipes"],
    "python -c pass": ["-c", "pass"],
    'python -c "import torch"': ["-c", "import torch"],
}


def measurements(case: Case) -> list[Measurement]:
    del case
    candidates = tuple(Candidate(name, f"{__name__}:seconds", {"name": name}) for name in COMMANDS)
    return [
        Measurement(
            "Start-up of the command line",
            "Wall time of the entire process, best of three each round.",
            "seconds",
            candidates,
            higher_is_better=False,
            form="{:.2f}",
        )
    ]


def seconds(case: Case, name: str) -> dict[str, float]:
    del case
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, *COMMANDS[name]], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return {"value": min(times)}
