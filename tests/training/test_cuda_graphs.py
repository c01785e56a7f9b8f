"""When a graph is recorded and used, with a graph that computes its passes on the CPU. The real ones: tests/gpu."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest
import torch
from torch import nn

from sketchfit.config.load import load_recipe
from sketchfit.training import cuda_graphs
from sketchfit.training.cuda_graphs import BEFORE, MOST, CudaGraphs
from sketchfit.training.engine import make_engine
from sketchfit.training.micro import Micro
from sketchfit.training.state import start, wrap
from tests.factories import make_job, tiny_recipe


class Passes:
    """Passes of a linear layer; counts its calls."""

    def __init__(self, model):
        self.model, self.calls = model, 0

    def __call__(self, micros):
        self.calls += 1
        losses = [(self.model(micro.images) * micro.targets).sum() for micro in micros]
        for loss in losses:
            loss.backward()
        return torch.stack(losses).detach().sum(), torch.tensor(len(micros))


class FakeGraph:
    """Computes its passes again for each batch, as a replay does."""

    made = 0

    def __init__(self, model, passes, micros):
        type(self).made += 1
        self.passes, self.shape = passes, [micro.images.shape for micro in micros]

    def gradients(self, micros):
        assert [micro.images.shape for micro in micros] == self.shape
        return self.passes(micros)


@pytest.fixture(autouse=True)
def no_failures(monkeypatch):
    monkeypatch.setattr(cuda_graphs, "_failed", [])


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr(FakeGraph, "made", 0)
    monkeypatch.setattr(cuda_graphs, "_Graph", FakeGraph)
    return FakeGraph


def batch(rows, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return Micro(
        torch.randn(rows, 3, generator=generator), torch.randn(rows, 2, generator=generator), torch.zeros(rows).long()
    )


def test_a_graph_is_recorded_after_some_updates_and_gives_the_gradients_of_its_batch(fake):
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    graphs, passes = CudaGraphs(model, "one"), Passes(model)
    for number in range(BEFORE + 3):
        micro = batch(4, number)
        model.zero_grad()
        loss, _ = graphs(passes, [micro])
        found = model.weight.grad.clone()
        model.zero_grad()
        assert float(loss) == pytest.approx(float(Passes(model)([micro])[0]))
        assert torch.equal(found, model.weight.grad)
        assert fake.made == int(number >= BEFORE)


def test_each_shape_has_a_graph_and_the_oldest_is_left_out(fake):
    model = nn.Linear(3, 2)
    graphs, passes = CudaGraphs(model, "one"), Passes(model)
    for rows in range(1, MOST + 2):
        for _ in range(BEFORE + 2):
            graphs(passes, [batch(rows)])
    assert fake.made == MOST + 1
    assert len(graphs._graphs) == MOST
    graphs(passes, [batch(1)])
    assert fake.made == MOST + 2
    two = [batch(MOST + 1), batch(MOST + 1)]
    for _ in range(BEFORE):
        graphs(passes, two)
    assert fake.made == MOST + 2


@pytest.mark.parametrize(
    "change",
    [
        {"images": torch.randn(4, 3).t().contiguous().t()},
        {"weight": torch.ones(4)},
        {"teacher": torch.ones(4, 2)},
        {"targets": torch.zeros(4, 2, dtype=torch.float64)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_a_graph_depends_on_is_part_of_its_shape(change):
    one = batch(4)
    assert cuda_graphs._shape_of([one]) != cuda_graphs._shape_of([replace(one, **change)])
    assert cuda_graphs._shape_of([one]) == cuda_graphs._shape_of([batch(4, seed=1)])


def test_a_graph_that_cannot_be_recorded_is_noted_once_and_not_tried_again(monkeypatch, caplog):
    tried = []

    def failing(*_):
        tried.append(1)
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(cuda_graphs, "_Graph", failing)
    model = nn.Linear(3, 2)
    graphs, passes = CudaGraphs(model, "member/fold0"), Passes(model)
    with caplog.at_level("INFO"):
        for number in range(BEFORE + 3):
            model.zero_grad()
            graphs(passes, [batch(4, number)])
            assert model.weight.grad is not None
    assert passes.calls == BEFORE + 3
    later = CudaGraphs(model, "member/fold1")
    for number in range(BEFORE + 2):
        later(passes, [batch(4, number)])
    assert len(tried) == 1  # what a failure leaves behind may disturb the next one
    [message] = [one.getMessage() for one in caplog.records if "CUDA graphs" in one.getMessage()]
    assert "member/fold0" in message
    assert "stream is capturing" in message
    assert "more" not in message


def test_passes_that_wait_for_the_device_are_not_recorded(fake, caplog):
    class Waiting(Passes):
        def __call__(self, micros):
            warnings.warn("called a synchronizing CUDA operation (Triggered internally)", stacklevel=1)
            warnings.warn("of a plug-in", stacklevel=1)
            return super().__call__(micros)

    model = nn.Linear(3, 2)
    graphs, passes = CudaGraphs(model, "one"), Waiting(model)
    with caplog.at_level("INFO"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(BEFORE + 3):
            model.zero_grad()
            graphs(passes, [batch(4)])
            assert model.weight.grad is not None
    assert sum(str(one.message) == "of a plug-in" for one in caught) == BEFORE + 3
    assert fake.made == 0
    assert not cuda_graphs._failed
    assert sum("CUDA graphs" in one.getMessage() for one in caplog.records) == 1


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, True),
        ({"compute": {"cuda_graphs": False}}, False),
        ({"compute": {"compile": True}}, False),
        ({"training": {"grad_checkpointing": True}}, False),
        ({"optimizer": {"sam": "sam"}}, False),
        ({"compute": {"precision": "bf16"}}, True),
        ({"compute": {"precision": "fp16", "device": "cuda"}}, False),
    ],
)
def test_which_trainings_have_graphs(tmp_path, monkeypatch, settings, expected):
    recipe = load_recipe(tiny_recipe(settings))
    plain = load_recipe(tiny_recipe({key: value for key, value in settings.items() if key == "optimizer"}))
    engine = make_engine(plain.compute)
    state = start(make_job(tmp_path / "job", plain), engine, None)
    wrap(state, engine, plain)
    assert state.graphs is None  # on a CPU
    monkeypatch.setattr(engine, "device", torch.device("cuda"))
    wrap(state, engine, recipe, compiled=False)
    assert (state.graphs is not None) is expected
    monkeypatch.setattr(engine, "processes", 2)
    monkeypatch.setattr(engine, "prepare_model", lambda module: module)
    wrap(state, engine, recipe, compiled=False)
    assert state.graphs is None
