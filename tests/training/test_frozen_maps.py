"""Stored outputs of frozen stages: the same training as without, and only where it is the same."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.models.backbone import build_network
from sketchfit.training import fit as fit_module
from sketchfit.training import frozen_inputs as inputs_module
from sketchfit.training import frozen_maps as maps_module
from sketchfit.training import lp_ft
from sketchfit.training.frozen_maps import copied_epoch, count_copies
from sketchfit.training.lp_ft import probe_first
from tests.factories import tiny_recipe

FROM_THE_MIDDLE: dict[str, Any] = {
    "model": {"freeze": {"train": "from", "first": 3, "copies": 4}},
    "optimizer": {"name": "sgd", "lr": 0.02},
}

LEVERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "accumulation": {"training": {"accumulation": 3}},
    "sam": {"optimizer": {"sam": "sam"}, "averaging": {"ema": False}},
    "vit": {"model": {"backbone": "test_vit"}},
    "then everything": {"model": {"freeze": {"epochs": 2}}},
    "contiguous": {"compute": {"channels_last": False}},
}


def settings(lever: str = "plain", tmp_path: Any = None, **freeze: Any) -> dict[str, Any]:
    cache = {} if tmp_path is None else {"data": {"cache": str(tmp_path / "cache")}}
    return merge(merge(merge(FROM_THE_MIDDLE, LEVERS[lever]), {"model": {"freeze": freeze}}), cache)


@pytest.mark.parametrize("lever", LEVERS)
def test_as_many_copies_as_epochs_give_the_same_training(lever, tiny_job, train, tmp_path, monkeypatch):
    monkeypatch.setattr("sketchfit.training.map_cache.KIND", np.float32)  # its rounding is the only difference
    monkeypatch.setattr(maps_module, "MOST_VALUES", 4)  # tokens of a tiny transformer are more than its pixels
    stored, plain = tiny_job(settings(lever, tmp_path)), tiny_job(settings(lever, copies=0))
    found, expected = train(stored), train(plain)
    assert list((tmp_path / "cache").glob("maps-*.npy"))
    for name, value in expected.items():
        assert torch.allclose(value.double(), found[name].double(), rtol=1e-3, atol=1e-4), name
    rows = [(job.folder / "history.csv").read_text().splitlines()[1:] for job in (stored, plain)]
    losses = [[float(line.split(",")[1]) for line in lines] for lines in rows]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_copies_are_those_of_the_stage_of_the_curriculum(tiny_job, train, tmp_path, monkeypatch):
    looks, real = [], maps_module.augmented
    monkeypatch.setattr(
        maps_module, "augmented", lambda job, look, batches: looks.append(look) or real(job, look, batches)
    )
    curriculum = {"curriculum": [{"until": 3, "policy": "none"}, {"policy": "sketch"}]}
    job = tiny_job(merge(settings("plain", tmp_path, copies=2), {"transforms": curriculum, "training": {"epochs": 8}}))
    train(job)
    assert [look.epoch for look in looks] == [0, 1, 3, 4]
    assert [copied_epoch(job.recipe, epoch) for epoch in range(8)] == [0, 1, 0, 3, 4, 3, 4, 3]
    assert count_copies(job.recipe) == 4
    plain = load_recipe(tiny_recipe({"model": {"freeze": {"train": "head", "copies": 3}}, "training": {"epochs": 8}}))
    assert [copied_epoch(plain, epoch) for epoch in range(8)] == [0, 1, 2, 0, 1, 2, 0, 1]


def test_the_probe_sees_the_same_features(tiny_job, tmp_path, monkeypatch):
    monkeypatch.setattr("sketchfit.training.map_cache.KIND", np.float32)
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(lp_ft, "fit_head", lambda head, features, *_: seen.append(features))
    states = []
    for copies, name in ((0, "none"), (4, "cache")):
        job = tiny_job(settings("plain", tmp_path / name, copies=copies))
        torch.manual_seed(0)
        network = build_network(job.recipe.model, job.class_count)
        probe_first(job, network.model, network.normalisation, torch.device("cpu"))
        states.append(network.model.state_dict())
        assert network.model.training
        assert bool(list(tmp_path.glob(f"{name}/cache/maps-*.npy"))) is (copies > 0)
    torch.testing.assert_close(seen[0], seen[1], rtol=1e-3, atol=1e-4)
    for name, value in states[0].items():
        torch.testing.assert_close(states[1][name], value, rtol=1e-3, atol=1e-4, msg=name)


def test_folds_share_the_copies(tiny_job, train, tmp_path, monkeypatch):
    made: list[str] = []
    real = maps_module.FrozenMaps._parts
    monkeypatch.setattr(maps_module.FrozenMaps, "_parts", lambda self, look: made.append("x") or real(self, look))
    train(tiny_job(settings("plain", tmp_path, copies=3)))
    assert len(made) == 3  # of four epochs, the last one trains on the first copy again
    train(tiny_job(settings("plain", tmp_path, copies=3)))
    assert len(made) == 3


class Killed(BaseException):
    """No handler of errors may see it."""


@pytest.mark.parametrize("lever", ["plain", "vit", "then everything"])
def test_a_killed_training_ends_bit_for_bit_where_an_undisturbed_one_does(
    lever, tiny_job, train, monkeypatch, tmp_path
):
    first = train(tiny_job(settings(lever, tmp_path / "one")))
    often = merge(settings(lever, tmp_path / "other"), {"training": {"checkpoint_minutes": 1e-9}})
    job = tiny_job(often)
    real = fit_module.update
    for dies_before in (1, 3, 0):
        count = itertools.count()

        def dying(*args: Any, count: Any = count, dies_before: int = dies_before) -> Any:
            if next(count) == dies_before:
                raise Killed
            return real(*args)

        with monkeypatch.context() as patch:
            patch.setattr(fit_module, "update", dying)
            with pytest.raises(Killed):
                train(job)
    resumed = train(job)
    for name, value in first.items():
        assert torch.equal(value, resumed[name]), name


@pytest.mark.parametrize(
    "change",
    [
        {"model": {"freeze": {"train": "gradual"}}},
        {"transforms": {"mixing": {"mixup_alpha": 0.2}}},
        {"loss": {"supcon": 0.1}},
        {"model": {"freeze": {"trained": ["conv1.*"]}}},
        {"model": {"drop_path_rate": 0.5, "backbone": "test_vit"}},
    ],
)
def test_where_maps_would_change_it_trains_on_pictures(change, tiny_job, train, tmp_path):
    train(tiny_job(merge(settings("plain", tmp_path), change)))
    assert not list((tmp_path / "cache").glob("maps-*.npy"))


def test_without_space_it_trains_on_pictures(tiny_job, train, tmp_path, monkeypatch):
    def full(*_: Any) -> np.ndarray:
        raise OSError("no space left on device")

    warnings: list[str] = []
    monkeypatch.setattr(inputs_module.log, "warning", warnings.append)
    monkeypatch.setattr(maps_module, "open_maps", full)
    expected = train(tiny_job(settings("plain", copies=0)))
    found = train(tiny_job(settings("plain", tmp_path)))
    assert all(torch.equal(value, found[name]) for name, value in expected.items())
    assert len(warnings) == 1
    assert "no space left" in warnings[0]
