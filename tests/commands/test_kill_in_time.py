"""SIGKILL of a run with a deadline, the same command again: finished units keep their bytes, and it ends in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from sketchfit.runs.artefacts import RunClock, RunPlan
from sketchfit.synthetic import draw_dataset
from tests.factories import tiny_recipe

SECONDS = 90.0
LONGEST = 240.0
"""Seconds after which the test gives up."""

AGAIN = 3.0
"""Seconds of working time between the last record of the clock and the kill, at most, and of the end of a process."""


def _start(command: list[str], log: Path, cache: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "SKETCHFIT_CACHE": str(cache)}
    with log.open("ab") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, env=environment, start_new_session=True)


def _units(out: Path, plan: RunPlan) -> dict[str, bytes]:
    """Content of all files of the finished units."""
    folders = [
        out / "members" / unit.member / ("" if unit.fold is None else f"fold{unit.fold}")
        for unit in plan.units
        if unit.status == "done"
    ]
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


def _kill_after_the_first_answer(process: subprocess.Popen[bytes], out: Path, log: Path) -> None:
    began = time.monotonic()
    while not (out / "submission.csv").is_file() or not RunPlan.read(out).answers:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < began + LONGEST, log.read_text()
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 2])
def test_a_killed_run_continues_within_its_time_and_keeps_finished_units(tmp_path: Path, at_once: int) -> None:
    data = draw_dataset(tmp_path / "data", classes=5, per_class=24, test_per_class=5).out
    recipe, out, log = tmp_path / "recipe.yaml", tmp_path / "run", tmp_path / "log.txt"
    settings = {
        "training": {"batch_size": 2},
        "tracking": {"progress": "plain"},
        "compute": {"networks_at_once": at_once},
    }
    recipe.write_text(yaml.safe_dump(tiny_recipe(settings)))
    command = [sys.executable, "-m", "sketchfit", "run", str(data), "--time", f"{SECONDS:.0f}s"]
    command += ["--recipe", str(recipe), "--out", str(out)]
    process = _start(command, log, tmp_path / "cache")
    _kill_after_the_first_answer(process, out, log)
    before, used = RunPlan.read(out), RunClock.read(out).used
    assert before.finished_at is None
    units = _units(out, before)
    assert any(name.endswith("oof.npz") for name in units)

    process, began = _start(command, log, tmp_path / "cache"), time.monotonic()
    assert process.wait(LONGEST) == 0, log.read_text()
    after, taken = RunPlan.read(out), time.monotonic() - began
    assert {name: (out / name).read_bytes() for name in units} == units
    assert used + taken <= 1.02 * SECONDS + AGAIN
    assert after.finished_at is not None
    assert after.finished_at <= SECONDS
    assert len([unit for unit in after.units if unit.status == "done"]) > len(before.units)
    assert any(unit.kind == "network" and unit.status == "done" for unit in after.units), log.read_text()
    assert len(after.answers) > len(before.answers)
    assert not list(out.rglob("*.part"))
