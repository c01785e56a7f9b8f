from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.config.parse import parse_recipe
from sketchfit.data.table import Table
from sketchfit.errors import MissingPackageError, RecipeError, UserError
from sketchfit.runs.artefacts import WorkersRecord
from sketchfit.training.context import OneByOne, RunContext
from sketchfit.workers import start
from sketchfit.workers.start import check_auto, check_workers, unit_executor, wave_size
from tests.factories import make_context, make_table, tiny_recipe


def _context(folder: Path, workers: int | str) -> RunContext:
    recipe = parse_recipe(tiny_recipe({"compute": {"workers": workers}}))
    return make_context(folder, recipe, make_table(train={"a.png": 0, "b.png": 1}))


@pytest.fixture
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "find_spec", lambda name: None)


@pytest.mark.parametrize("workers", [2, "ray://head:10001"])
def test_workers_without_ray_are_refused_before_anything_is_read(workers: int | str, without_ray: None):
    with pytest.raises(MissingPackageError) as caught:
        check_workers(load_recipe("cpu", {"compute": {"workers": workers}}).compute)
    assert "sketchfit[cluster]" in caught.value.hint


@pytest.mark.parametrize("workers", [1, "auto"])
def test_a_machine_that_trains_one_network_at_a_time_needs_no_ray(
    workers: int | str, without_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(start, "cores", lambda: 1)
    context = _context(tmp_path, workers)
    check_workers(context.recipe.compute)
    with unit_executor(context) as executor:
        assert executor == OneByOne()
    assert not WorkersRecord.exists(tmp_path)


def test_a_machine_of_several_cores_needs_ray_for_auto(
    without_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(start, "cores", lambda: 4)
    context = _context(tmp_path, "auto")
    with pytest.raises(MissingPackageError), unit_executor(context):
        pass
    with pytest.raises(MissingPackageError):
        check_auto(context, 2)
    check_auto(context, 1)
    assert not WorkersRecord.exists(tmp_path)


def test_a_run_that_began_with_workers_keeps_their_threads(tmp_path: Path):
    WorkersRecord(threads=3).write(tmp_path)
    before = torch.get_num_threads(), dict(os.environ)
    with unit_executor(_context(tmp_path, 1)):
        assert torch.get_num_threads() == 3
        assert os.environ["OMP_NUM_THREADS"] == "3"
    assert (torch.get_num_threads(), dict(os.environ)) == before


def test_processes_of_one_training_have_no_workers(tmp_path: Path):
    context = _context(tmp_path, 2)
    several = replace(context, engine=cast(Any, SimpleNamespace(processes=2, device=torch.device("cpu"))))
    with pytest.raises(UserError, match="2 processes"), unit_executor(several):
        pass


def test_apples_gpu_trains_one_network_at_a_time(tmp_path: Path):
    context = _context(tmp_path, 2)
    apple = replace(context, engine=cast(Any, SimpleNamespace(processes=1, device=torch.device("mps"))))
    with pytest.raises(UserError, match="Apple"), unit_executor(apple):
        pass


@pytest.mark.parametrize(
    ("changes", "wave"),
    [
        ({}, 2),
        ({"folds": {"train": [1]}}, 1),
        ({"folds": {"k": 3, "repeats": 2}}, 6),
        ({"folds": {"holdout": 0.2}}, 1),
        ({"folds": {"column": "drawer"}}, 3),
        ({"folds": {"column": "drawer", "train": [1]}}, 1),
        ({"members": {"a": {}, "b": {"training": {"epochs": 0, "kernel": "replace"}}, "c": {}}}, 4),
    ],
)
def test_the_first_wave_has_the_networks_of_all_folds(changes: dict[str, Any], wave: int):
    table = cast(Table, SimpleNamespace(columns={"drawer": np.array(["0", "1", "2", "1"])}))
    assert wave_size(parse_recipe(tiny_recipe(changes)), table) == wave


@pytest.mark.parametrize("workers", ["1", "auto", "64", "ray://head", "ray://10.0.0.1:10001", "ray://auto"])
def test_workers_that_can_be(workers: str):
    assert str(load_recipe("cpu", [f"compute.workers={workers}"]).compute.workers) == workers


@pytest.mark.parametrize("workers", ["0", "many", "ray:/head", "ray://", "head:10001", "2.5"])
def test_workers_that_cannot_be(workers: str):
    with pytest.raises(RecipeError, match="workers"):
        load_recipe("cpu", [f"compute.workers={workers}"])


def test_a_deadline_has_no_cluster(tmp_path: Path):
    from sketchfit.commands.request import DataRequest
    from sketchfit.commands.run_in_time import run_in_time
    from sketchfit.planning.goal import Goal

    with pytest.raises(RecipeError, match="one machine"):
        run_in_time(DataRequest(tmp_path, "cpu", {"compute": {"workers": "ray://head"}}, tmp_path), Goal(60.0))
