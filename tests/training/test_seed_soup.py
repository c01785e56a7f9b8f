from __future__ import annotations

import pytest
import torch

from sketchfit.models.averaging import uniform_soup
from sketchfit.tracking.console import Console
from sketchfit.training import seed_soup as module
from sketchfit.training.engine import make_engine
from sketchfit.training.seed_soup import train_network

SHORT = {"training": {"epochs": 2, "validate_every": 0}}


def weights(job):
    network = train_network(job, make_engine(job.recipe.compute), Console("plain"))
    assert not network.model.training
    return {name: value.clone() for name, value in network.model.state_dict().items()}


def candidates(monkeypatch):
    found, real = [], module.fit

    def watched(job, *rest):
        network = real(job, *rest)
        found.append({name: value.clone() for name, value in network.model.state_dict().items()})
        return network

    monkeypatch.setattr(module, "fit", watched)
    return found


def test_a_uniform_soup_is_the_mean_of_trainings_from_one_start(tiny_job, monkeypatch):
    found = candidates(monkeypatch)
    mean = weights(tiny_job({**SHORT, "averaging": {"soup": "uniform", "soup_size": 3}}))
    assert len(found) == 3
    assert not torch.equal(found[0]["conv1.0.weight"], found[1]["conv1.0.weight"])
    expected = uniform_soup(found)
    for name, value in mean.items():
        if "running" not in name and "num_batches" not in name:
            assert torch.allclose(value, expected[name], atol=1e-6), name
    assert any("running" in name and not torch.allclose(mean[name], expected[name]) for name in mean)  # taken anew


def test_candidates_share_the_new_heads_first_weights(tiny_job, monkeypatch):
    found = candidates(monkeypatch)
    still = {"optimizer": {"lr": 1e-12}, "averaging": {"soup": "uniform", "soup_size": 2, "ema": False}}
    weights(tiny_job({**SHORT, **still}))
    assert torch.allclose(found[0]["fc.weight"], found[1]["fc.weight"], atol=1e-8)


@pytest.mark.parametrize(
    ("scores", "members"), [([0.9, 0.1, 0.8, 0.95, 0.2], [0, 2]), ([0.2, 0.9, 0.1, 0.1, 0.1], [1])]
)
def test_a_greedy_soup_takes_what_helps(tiny_job, monkeypatch, capsys, scores, members):
    found = candidates(monkeypatch)
    figures = iter(scores)
    monkeypatch.setattr(module, "_accuracy", lambda *rest: next(figures))
    settings = {**SHORT, "averaging": {"soup": "greedy", "soup_size": 3, "refresh_batches": 0}}
    mean = weights(tiny_job(settings))
    expected = uniform_soup([found[number] for number in members])
    assert all(torch.allclose(mean[name].float(), expected[name].float(), atol=1e-6) for name in mean)
    assert f"soup of {len(members)} of 3 trainings" in capsys.readouterr().out


def test_candidates_leave_their_history_and_no_checkpoint(tiny_job):
    settings = {"averaging": {"soup": "greedy", "soup_size": 2}, "training": {"epochs": 3}}
    job = tiny_job(settings)
    weights(job)
    assert not (job.folder / "candidate1" / "last.ckpt").exists()
    assert (job.folder / "candidate1" / "history.csv").is_file()


def test_without_a_soup_it_is_one_training(tiny_job, monkeypatch):
    found = candidates(monkeypatch)
    alone = weights(tiny_job(SHORT))
    assert len(found) == 1
    assert all(torch.equal(alone[name], found[0][name]) for name in alone)
