"""Training and prediction on a device that has no float64, as Apple's GPU: tensors of that type are refused."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from sketchfit.config.parse import parse_recipe
from sketchfit.inference.predictor import Predictor
from sketchfit.models import device as devices
from sketchfit.models.device import is_out_of_memory, widest_float
from sketchfit.models.network import Network
from sketchfit.training.engine import make_engine
from sketchfit.training.loader import DataLoader
from sketchfit.training.plan import make_plan
from sketchfit.training.state import start
from sketchfit.training.step import update
from sketchfit.training.trial_engine import TrialEngine
from tests.factories import make_job, tiny_recipe


class NoFloat64(TorchDispatchMode):
    """Refuses every operation whose result is float64."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.lift_fresh.default:  # an array of NumPy, which is still with the CPU
            return result
        if any(isinstance(one, torch.Tensor) and one.dtype == torch.float64 for one in tree_leaves(result)):
            raise TypeError(f"{func}: the device has no float64")
        return result


@pytest.fixture
def no_float64(monkeypatch: pytest.MonkeyPatch) -> NoFloat64:
    monkeypatch.setattr(devices, "NO_FLOAT64", ("mps", "cpu"))
    return NoFloat64()


def test_the_mode_refuses(no_float64: NoFloat64) -> None:
    with no_float64, pytest.raises(TypeError, match="no float64"):
        torch.ones(2).double()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"loss": {"class_weights": "balanced"}},
        {"averaging": {"ema": True, "swa": True}, "training": {"clip_grad": 1.0}},
        {"optimizer": {"sam": "sam"}},
    ],
)
def test_a_training_step_and_its_checkpoint(changes: dict[str, Any], no_float64: NoFloat64, tmp_path: Path) -> None:
    job = make_job(tmp_path, parse_recipe(tiny_recipe(changes)))
    with no_float64:
        engine = TrialEngine(torch.device("cpu"))
        state = start(job, engine, None)
        with closing(
            DataLoader(job, state.normalisation, engine).updates(make_plan(job.recipe, 48).epochs[-1])
        ) as all_:
            micros = next(all_)
            state.count(*update(state, micros, job.recipe, engine, 0), len(micros[0].label))
        assert state.loss_sum.dtype == torch.float32
        saved = state.snapshot("", engine)
        torch.save(saved, tmp_path / "state")
        state.restore(torch.load(tmp_path / "state", weights_only=False), engine)
        network = Network(state.reported(), state.normalisation)
        prob = Predictor.of(network, job.recipe, engine.device, backend="eager").probabilities(
            job.store, job.train_rows
        )
    assert prob.shape == (len(job.train_rows), job.class_count)


def test_figures_of_one_process_stay_off_the_device(no_float64: NoFloat64) -> None:
    engine = make_engine(parse_recipe(tiny_recipe()).compute)
    with no_float64:
        assert engine.sum([0.1, 2.0]) == [0.1, 2.0]
        assert engine.from_main(0.1) == 0.1


def test_only_some_devices_lack_float64() -> None:
    assert widest_float(torch.device("mps")) == torch.float32
    assert widest_float(torch.device("cuda")) == widest_float(torch.device("cpu")) == torch.float64


@pytest.mark.parametrize(
    ("text", "expected"), [("MPS backend out of memory (MPS allocated: 1 GB)", True), ("mat1 and mat2", False)]
)
def test_out_of_memory_on_any_device(text: str, expected: bool) -> None:
    assert is_out_of_memory(RuntimeError(text)) is expected
