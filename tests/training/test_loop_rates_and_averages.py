"""What the loop does with schedules and averages: the rate of every update, and the weights that are reported."""

from __future__ import annotations

import math

import pytest
import torch
from safetensors.torch import save_file

from sketchfit.tracking.console import Console
from sketchfit.training import fit as fit_module
from sketchfit.training.engine import make_engine
from sketchfit.training.fit import fit

UPDATES, WARMUP = 16, 4
"""Of four epochs of four batches; the first epoch is warm-up."""
LR, LOWEST, FIRST = 2e-3, 0.1, 0.05


def cosine(step: int) -> float:
    """Written out once more: a line up, then half a cosine down."""
    if step < WARMUP:
        return FIRST + (1 - FIRST) * step / WARMUP
    done = (step - WARMUP) / (UPDATES - WARMUP)
    return LOWEST + (1 - LOWEST) * (1 + math.cos(math.pi * done)) / 2


def run(job) -> dict[str, torch.Tensor]:
    return fit(job, make_engine(job.recipe.compute), Console("none")).model.state_dict()


def rates(job, monkeypatch) -> list[list[float]]:
    """Every group's rate at each update."""
    seen, real = [], fit_module.update

    def watched(state, *rest):
        seen.append([group["lr"] for group in state.optimizer.param_groups])
        return real(state, *rest)

    monkeypatch.setattr(fit_module, "update", watched)
    run(job)
    return seen


SCHEDULE = {"name": "cosine", "warmup": 1, "warmup_start": FIRST, "min_factor": LOWEST}


def test_each_update_has_the_rate_of_the_curve(tiny_job, monkeypatch):
    found = rates(tiny_job({"schedule": SCHEDULE, "optimizer": {"lr": LR}}), monkeypatch)
    assert len(found) == UPDATES
    for step, groups in enumerate(found):
        assert groups == pytest.approx([LR * cosine(step)] * len(groups))
    assert found[-1][0] < 0.2 * LR  # a curve that is stepped per epoch with a period of updates never falls


def test_accumulated_batches_are_one_step_of_the_curve(tiny_job, monkeypatch):
    training = {"batch_size": 4, "accumulation": 2}
    found = rates(tiny_job({"schedule": SCHEDULE, "optimizer": {"lr": LR}, "training": training}), monkeypatch)
    assert [groups[0] for groups in found] == pytest.approx([LR * cosine(step) for step in range(UPDATES)])


def test_a_stage_of_the_curriculum_and_the_layers_scale_it(tiny_job, monkeypatch):
    stages = [{"until": 2, "policy": "none"}, {"policy": "light", "lr_scale": 0.25}]
    settings = {
        "schedule": SCHEDULE,
        "optimizer": {"lr": LR, "layer_decay": 0.5, "head_lr_scale": 3.0},
        "transforms": {"curriculum": stages},
    }
    found = rates(tiny_job(settings), monkeypatch)
    relative = [rate / (LR * cosine(0)) for rate in found[0]]
    assert max(relative) == pytest.approx(3.0)  # the head's
    assert len(set(relative)) > 2
    for step, groups in enumerate(found):
        stage = 1.0 if step < UPDATES // 2 else 0.25
        assert groups == pytest.approx([LR * cosine(step) * stage * scale for scale in relative])


def test_stages_of_resizing_go_along_the_same_curve(tiny_job, monkeypatch):
    """Half of the epochs at half of the side, with twice the batch and so half of the updates, at the same rates."""
    resize = [{"until": 0.5, "size": 16, "batch_size": 16, "lr_scale": 1.0}]
    found = rates(
        tiny_job({"schedule": SCHEDULE, "optimizer": {"lr": LR}, "training": {"resize": resize}}), monkeypatch
    )
    steps = [*range(0, UPDATES // 2, 2), *range(UPDATES // 2, UPDATES)]
    assert [groups[0] for groups in found] == pytest.approx([LR * cosine(step) for step in steps])


def averages(job, monkeypatch):
    """Weights before the first update, those at the end of each epoch, and those that are reported."""
    first, ends = {}, []
    start, save = fit_module.start, fit_module._save

    def copied(model):
        return {name: value.clone() for name, value in model.state_dict().items()}

    def started(*arguments):
        state = start(*arguments)
        first.update(copied(state.model))
        return state

    def saved(training):
        ends.append(copied(training.state.model))
        save(training)

    monkeypatch.setattr(fit_module, "start", started)
    monkeypatch.setattr(fit_module, "_save", saved)
    return first, ends, run(job)


def learnt(weights: dict[str, torch.Tensor]) -> list[str]:
    """Batch norm's statistics are taken anew; everything else must be the mean."""
    return [name for name in weights if "running_" not in name and "num_batches" not in name]


@pytest.mark.parametrize(("epochs", "start", "counted"), [(4, 0.5, 2), (4, 0.0, 4), (3, 0.75, 1), (1, 0.75, 1)])
def test_swa_reports_the_mean_of_the_last_epochs(tiny_job, monkeypatch, epochs, start, counted):
    settings = {"averaging": {"ema": True, "swa": True, "swa_start": start}, "training": {"epochs": epochs}}
    _, ends, found = averages(tiny_job(settings), monkeypatch)
    assert len(ends) == epochs
    for name in learnt(found):
        expected = torch.stack([end[name] for end in ends[-counted:]]).mean(0)
        assert torch.allclose(found[name], expected, atol=1e-6), name
    if counted > 1:
        assert not torch.allclose(found["fc.weight"], ends[-1]["fc.weight"], atol=1e-6)


@pytest.mark.parametrize("probe", [False, True])
def test_wise_ft_reports_the_way_between_start_and_end(tiny_job, monkeypatch, probe):
    settings = {"averaging": {"ema": False, "wise_ft": 0.3}, "training": {"probe": probe}}
    first, ends, found = averages(tiny_job(settings), monkeypatch)
    for name in learnt(found):
        share = 1.0 if name.startswith("fc.") and not probe else 0.3  # a new head has nothing worth going back to
        expected = (1 - share) * first[name] + share * ends[-1][name]
        assert torch.allclose(found[name], expected, atol=1e-6), name
    assert not torch.allclose(first["fc.weight"], ends[-1]["fc.weight"], atol=1e-4)


def test_wise_ft_goes_back_to_a_head_that_came_with_the_weights(tiny_job, monkeypatch, tmp_path):
    trained = run(tiny_job({"training": {"epochs": 1}}))
    save_file({name: value.contiguous() for name, value in trained.items()}, tmp_path / "trained.safetensors")
    settings = {
        "model": {"pretrained": True, "weights": str(tmp_path / "trained.safetensors")},
        "averaging": {"ema": False, "wise_ft": 0.3},
    }
    first, ends, found = averages(tiny_job(settings), monkeypatch)
    assert torch.equal(first["fc.weight"], trained["fc.weight"])
    expected = 0.7 * first["fc.weight"] + 0.3 * ends[-1]["fc.weight"]
    assert torch.allclose(found["fc.weight"], expected, atol=1e-6)
