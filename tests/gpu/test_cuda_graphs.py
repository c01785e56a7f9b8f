"""Gradients of CUDA graphs are those of the same passes without, and a graph is used wherever it can be recorded."""

from __future__ import annotations

from contextlib import closing

import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.models.freezing import apply_freezing
from sketchfit.training import cuda_graphs
from sketchfit.training.cuda_graphs import BEFORE, CudaGraphs
from sketchfit.training.engine import make_engine
from sketchfit.training.loader import DataLoader
from sketchfit.training.loss import Loss
from sketchfit.training.plan import make_plan
from sketchfit.training.state import start, wrap
from sketchfit.training.step import _gradients
from tests.factories import make_job, tiny_recipe
from tests.training.conftest import train as train

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]


@pytest.fixture
def recorded(monkeypatch):
    """The batches of the graphs that were recorded."""
    found, real = [], cuda_graphs._Graph

    def recording(model, passes, micros):
        graph = real(model, passes, micros)
        found.append(micros)
        return graph

    monkeypatch.setattr(cuda_graphs, "_Graph", recording)
    return found


def recipe_of(settings, graphs):
    base = {
        "compute": {"device": "cuda", "cuda_graphs": graphs},
        "training": {"epochs": 6, "batch_size": 8, "probe": False},
    }
    for section, values in settings.items():
        base[section] = {**base.get(section, {}), **values}
    return load_recipe(tiny_recipe(base))


KINDS = {
    "plain": {},
    "bf16": {"compute": {"precision": "bf16"}},
    "contiguous": {"compute": {"channels_last": False}},
    "dropout": {"model": {"drop_rate": 0.3, "drop_path_rate": 0.2}},
    "mixed": {"transforms": {"mixing": {"mixup_alpha": 0.4, "cutmix_alpha": 1.0}}},
    "accumulated": {"training": {"accumulation": 2}},
    "head": {"model": {"freeze": {"train": "head", "batch_norm": "train"}}},
    "contrast": {"loss": {"supcon": 0.2}},
    "two passes": {"loss": {"r_drop": 0.5}, "model": {"drop_rate": 0.2}},
}


def gradients(job, updates):
    """Gradients, figures and statistics of batch norm after each of so many updates; between them, weights shrink."""
    engine = make_engine(job.recipe.compute)
    state = start(job, engine, None)
    apply_freezing(state.model, state.freezing, 0, job.recipe.training.epochs)
    wrap(state, engine, job.recipe)
    state.model.train()
    epochs, found = make_plan(job.recipe, len(job.train_rows)).epochs, []
    for epoch in epochs:
        with closing(DataLoader(job, state.normalisation, engine).updates(epoch)) as groups:
            for micros in groups:
                state.model.zero_grad()
                figures = _gradients(state, micros, job.recipe, engine, len(found))
                weights = {name: one.grad for name, one in state.model.named_parameters() if one.grad is not None}
                values = weights | dict(state.model.named_buffers()) | {"loss": figures[0], "right": figures[1]}
                found.append({name: value.detach().clone().float() for name, value in values.items()})
                if len(found) == updates:
                    return found
                with torch.no_grad():
                    for weight in state.model.parameters():
                        weight.mul_(0.97)  # in place, as an optimizer does
    raise AssertionError(f"only {len(found)} updates")


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_and_statistics_are_those_without_graphs(tmp_path, recorded, kind):
    expected = gradients(make_job(tmp_path / "plain", recipe_of(KINDS[kind], False)), BEFORE + 5)
    assert not recorded
    found = gradients(make_job(tmp_path / "graphs", recipe_of(KINDS[kind], True)), BEFORE + 5)
    assert recorded
    assert float((expected[0]["loss"] - expected[-1]["loss"]).abs()) > 0
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            scale = float(other[name].abs().max()) + 1e-6
            assert float((one[name] - other[name]).abs().max()) < 0.03 * scale, name


@pytest.mark.parametrize(
    "settings",
    [
        {"training": {"epochs": 8, "resize": [{"until": 4, "size": 24}]}},
        {"model": {"freeze": {"train": "gradual"}}, "training": {"clip_grad": 1.0}},
        {"averaging": {"ema": True}, "compute": {"precision": "bf16"}},
    ],
    ids=["two sizes", "thawed", "averaged"],
)
def test_a_training_learns_with_graphs(tmp_path, train, recorded, settings):
    job = make_job(tmp_path / "graphs", recipe_of(settings, True))
    weights = train(job)
    assert recorded
    assert all(bool(torch.isfinite(value.float()).all()) for value in weights.values())
    losses = [float(line.split(",")[1]) for line in (job.folder / "history.csv").read_text().splitlines()[1:]]
    assert losses[-1] < losses[0]


def test_what_waits_for_the_device_is_not_recorded(tmp_path, train, recorded, monkeypatch):
    real, noted = Loss.forward, []

    def waiting(self, logits, *arguments):
        float(logits.detach().sum())  # waits for the device, which no graph can
        return real(self, logits, *arguments)

    def stopped(self, reason):
        noted.append(reason)
        real_stop(self, reason)

    real_stop = CudaGraphs._stop
    monkeypatch.setattr(CudaGraphs, "_stop", stopped)
    settings = {"model": {"drop_rate": 0.3, "drop_path_rate": 0.2}}
    with monkeypatch.context() as patch:
        patch.setattr(Loss, "forward", waiting)
        found = train(make_job(tmp_path / "graphs", recipe_of(settings, True)))
    assert len(noted) == 1
    assert not recorded
    assert not cuda_graphs._failed
    assert all(bool(torch.isfinite(value.float()).all()) for value in found.values())
    train(make_job(tmp_path / "next", recipe_of(settings, True)))
    assert recorded


def test_a_training_continues_where_a_graph_has_too_little_memory(tmp_path, train, monkeypatch):
    real = cuda_graphs._Graph

    def failing(model, passes, micros):
        def greedy(batches):
            torch.empty(1 << 50, device="cuda")
            return passes(batches)

        return real(model, greedy, micros)

    monkeypatch.setattr(cuda_graphs, "_Graph", failing)
    monkeypatch.setattr(cuda_graphs, "_failed", [])
    settings = {"model": {"drop_rate": 0.3, "drop_path_rate": 0.2}}
    for name in ("one", "next"):
        found = train(make_job(tmp_path / name, recipe_of(settings, True)))
        assert all(bool(torch.isfinite(value.float()).all()) for value in found.values())
    assert len(cuda_graphs._failed) == 1
