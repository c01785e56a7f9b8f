"""Rates of a training: with stored output of frozen layers, a step is one of the layers above them."""

from __future__ import annotations

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.training import step, step_rates
from sketchfit.training.step_rates import measure_steps
from sketchfit.training.trial_engine import TrialEngine
from sketchfit.training.trial_job import trial_job
from tests.factories import tiny_recipe


@pytest.mark.parametrize("copies", [0, 2])
def test_steps_are_measured_on_what_is_trained_on(copies, tmp_path, monkeypatch):
    seen: list[tuple[int, ...]] = []
    real = step_rates.update

    def update(state, micros, *others):
        seen.append(tuple(micros[0].images.shape))
        return real(state, micros, *others)

    monkeypatch.setattr(step_rates, "update", update)
    freeze = {"train": "from", "first": 3, "copies": copies}
    changes = {"model": {"freeze": freeze}, "data": {"cache": str(tmp_path)}, "training": {"probe": True}}
    found = measure_steps(load_recipe(merge(tiny_recipe(), changes)), 4, torch.device("cpu"))
    assert found.training > 0
    assert found.prediction > 0
    assert (found.maps > 0) is (copies > 0)
    assert {shape[2:] for shape in seen} == ({(4, 4)} if copies else {(32, 32)})
    assert not list(tmp_path.glob("maps-*"))  # nothing of a trial is stored


@pytest.mark.parametrize(
    ("changes", "rounded"),
    [
        ({"compute": {"products": "bf16"}}, True),
        ({"compute": {"products": "bf16"}, "training": {"grad_checkpointing": True}}, True),
        ({}, False),
        ({"compute": {"products": "fp32"}}, False),
        ({"compute": {"products": "bf16", "precision": "bf16"}}, False),
    ],
)
def test_products_of_both_passes_are_in_bf16_where_the_recipe_sets_that(changes, rounded, monkeypatch):
    inside: list[str] = []
    losses = step._loss
    backward = TrialEngine.backward

    def loss_of(*given):
        inside.append(torch.get_float32_matmul_precision())
        return losses(*given)

    def backward_of(engine, loss):
        inside.append(torch.get_float32_matmul_precision())
        backward(engine, loss)

    monkeypatch.setattr(step, "_loss", loss_of)
    monkeypatch.setattr(TrialEngine, "backward", backward_of)
    before = torch.get_float32_matmul_precision()
    measure_steps(load_recipe(merge(tiny_recipe(), changes)), 4, torch.device("cpu"))
    assert set(inside) == {"medium" if rounded else before}
    assert len(inside) % 2 == 0
    assert torch.get_float32_matmul_precision() == before


def test_making_pictures_for_a_gpu_counts_where_it_takes_longer_than_the_step(monkeypatch):
    for seconds, slower in ((9.0, True), (0.0, False)):
        monkeypatch.setattr(step_rates, "_picture_seconds", lambda *_, seconds=seconds: seconds)
        found = measure_steps(load_recipe(tiny_recipe()), 4, torch.device("cpu"))
        assert (found.training == 9.0) is slower


@pytest.mark.parametrize(
    ("device", "processes", "threads", "expected"),
    [("cpu", 0, 2, 0.0), ("cuda", 4, 2, 0.25), ("cuda", 0, 16, 0.5), ("cuda", 0, 1, 1.0)],
)
def test_pictures_are_made_by_processes_or_by_two_threads(device, processes, threads, expected, monkeypatch):
    now = [0.0]

    def made(job, epoch, batches):
        assert job.recipe.compute.threads == 1
        for _ in batches:
            now[0] += 1.0
            yield

    monkeypatch.setattr(step_rates.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(step_rates, "augmented", made)
    compute = {"processes": processes, "threads": threads}
    job = trial_job(load_recipe(tiny_recipe({"compute": compute})), 4)
    assert step_rates._picture_seconds(job, torch.device(device)) == expected
