from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from sketchfit.reporting.comparing.costs import RunCost, training_cost
from sketchfit.runs.run import Run
from tests.factories import make_ensemble


def test_the_times_of_all_networks_are_added(make_run: Callable[..., Path]) -> None:
    run = make_run()
    assert training_cost(Run.open(run)) == RunCost(4, 50.0)
    shutil.rmtree(run / "members")
    assert training_cost(Run.open(run)) == RunCost(0, None)


def test_an_ensemble_costs_what_its_runs_cost(make_run: Callable[..., Path], tmp_path: Path) -> None:
    runs = {name: make_run(name) for name in "ab"}
    ensemble = make_ensemble(tmp_path / "both", runs)
    assert training_cost(Run.open(ensemble)) == RunCost(8, 100.0)
    shutil.rmtree(runs["a"])
    assert training_cost(Run.open(ensemble)) == RunCost(0, None)
