"""A run with a deadline on a machine with several GPUs, which are assumed: its processes train on the CPU."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from sketchfit import Run
from sketchfit.config.parse import parse_recipe
from sketchfit.data.folds import Fold
from sketchfit.planning.pace import Expected
from sketchfit.runs.artefacts import PlannedUnit, RunPlan
from sketchfit.stages.planned import networks as trainer
from sketchfit.stages.planned import team, work
from sketchfit.stages.planned.networks import NetworkTrainer, PlannedTraining
from sketchfit.stages.planned.team import Team
from sketchfit.tracking.callback import NO_CALLBACK
from sketchfit.workers.threads import unit_threads
from tests.factories import open_context, tiny_recipe
from tests.stages.planned.test_run import _same_network as same_network
from tests.stages.planned.test_run import _trained_alone as trained_alone
from tests.stages.planned.timed_run import SECONDS, Steps, set_rates, start_run

NOTED = """
import os, runpy, sys
from pathlib import Path
(Path({place!r}) / os.environ["CUDA_VISIBLE_DEVICES"]).touch()
runpy.run_module("sketchfit.stages.planned.worker", run_name="__main__")
"""


@pytest.mark.slow
def test_with_two_gpus_two_networks_are_trained_at_the_same_time(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The GPUs are names that a process does not look up: it trains on the CPU."""
    set_rates(monkeypatch)
    (noted := tmp_path / "noted").mkdir()
    monkeypatch.setattr(team, "COMMAND", [sys.executable, "-c", NOTED.format(place=str(noted))])
    monkeypatch.setattr(work, "find_gpus", lambda *_: ("4", "GPU-8f1c"))
    monkeypatch.setattr(trainer, "PATIENCE", 100.0)  # the clock of this run is not that of its processes
    monkeypatch.setattr(trainer, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 600))
    together, clock, train = list[int](), Steps(), team.Team.train

    def noted_train(self: team.Team, requests: Any, *args: Any, **given: Any) -> None:
        together.append(len(requests))
        train(self, requests, *args, **given)
        clock.now += SECONDS / 2

    monkeypatch.setattr(team.Team, "train", noted_train)
    with unit_threads(1):
        start_run(drawn, tmp_path / "run", clock, compute={"networks_at_once": "auto"})
        plan = RunPlan.read(tmp_path / "run")
        units = [unit for unit in plan.units if unit.kind == "network"]
        unit = next(one for one in units if one.fold == 0)
        alone = trained_alone(drawn, tmp_path / "alone", plan.members[unit.member], unit.epochs)
    assert plan.networks_at_once == 2
    assert {path.name for path in noted.iterdir()} == {"4", "GPU-8f1c"}
    assert together[0] == 2
    assert [one.status for one in units[:2]] == ["done", "done"]
    same_network(Run.open(tmp_path / "run").folder.network(unit.member, 0), alone)


def test_each_process_has_one_gpu_before_it_imports_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    code = """
import os
from pathlib import Path
Path({place!r}, os.environ["CUDA_VISIBLE_DEVICES"]).write_text(os.environ["OMP_NUM_THREADS"])
"""
    monkeypatch.setattr(team, "COMMAND", [sys.executable, "-c", code.format(place=str(tmp_path))])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-8f1c")
    pair = Team(2, NO_CALLBACK, ("3", "GPU-8f1c"))
    pair.start()
    assert [one.process.wait(60) for one in pair._processes] == [0, 0]
    assert len({(tmp_path / name).read_text() for name in ("3", "GPU-8f1c")}) == 1
    pair.stop()


@pytest.mark.parametrize(("gpus", "expected"), [((), [True, False]), (("0", "1"), [False, False])])
def test_no_network_is_favoured_where_each_has_a_gpu(
    drawn: Path, tmp_path: Path, gpus: tuple[str, ...], expected: list[bool]
):
    """To drop another one would not make it faster."""
    favoured: list[bool] = []

    class Both:
        size = 2

        def start(self) -> None:
            """Start nothing."""

        def train(self, requests: Any, ended: Any, patience: float) -> None:
            favoured.extend(one.favoured for one in requests)
            for place in range(len(requests)):
                ended(place, None)

    context, members = open_context(tmp_path, drawn, parse_recipe(tiny_recipe()))
    (member,) = members.values()
    rows = np.arange(32)
    fold = Fold(0, rows[8:], rows[:8])
    unit = PlannedUnit(key="net/fold0", kind="network", member="net", epochs=2)
    training = PlannedTraining(unit, member, fold, Expected(4, 0.1, 0.1))
    several = NetworkTrainer(context, 2, time.monotonic, gpus)
    several._team = cast(Any, Both())
    several.train([training, replace(training, fold=replace(fold, number=1))], lambda: 600.0, lambda *_: None)
    assert favoured == expected
