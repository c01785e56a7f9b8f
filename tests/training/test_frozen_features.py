"""Features of a frozen backbone, computed once: the same training as without, and only where it is the same."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import nn

from sketchfit.models.backbone import build_network
from sketchfit.models.freezing import apply_freezing
from sketchfit.training import fit as fit_module
from sketchfit.training import frozen_features as frozen_module
from sketchfit.training import frozen_inputs as inputs_module
from sketchfit.training.frozen_features import compute_features, only_the_head_learns
from sketchfit.training.loss import Loss
from sketchfit.training.plan import make_plan

HEAD_ONLY: dict[str, Any] = {
    "model": {"freeze": {"train": "head"}},
    "transforms": {"policy": "none"},
    "optimizer": {"lr": 0.02},
}

LEVERS: dict[str, dict[str, Any]] = {
    "ema": {},
    "sam": {"optimizer": {"sam": "sam", "name": "sgd"}, "averaging": {"ema": False}},
    "accumulation": {"training": {"accumulation": 3}},
    "mlp": {"model": {"head": {"name": "mlp", "hidden": 16}}},
    "swa": {"averaging": {"ema": False, "swa": True, "swa_start": 0.4}},
    "sampling": {"training": {"sampling": "balanced"}},
    "vit": {"model": {"backbone": "test_vit"}},
    "convolution": {"model": {"backbone": "dla46_c"}},
    "probe first": {"training": {"probe": True}},
    # Not by Adam, whose first step is as long for a gradient of rounding errors as for any other.
    "then everything": {"model": {"freeze": {"train": "head", "epochs": 3}}, "optimizer": {"name": "sgd"}},
}


def settings(lever: str) -> dict[str, Any]:
    from sketchfit.config.overrides import merge

    return merge(HEAD_ONLY, LEVERS[lever])


@pytest.fixture
def pictures_seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures each pass of the network took, passes of validation left out."""
    seen: list[int] = []
    real = nn.Conv2d.forward

    def forward(self: nn.Conv2d, images: torch.Tensor) -> torch.Tensor:
        if self.in_channels == 3 and not torch.is_inference_mode_enabled():
            seen.append(len(images))
        return real(self, images)

    monkeypatch.setattr(nn.Conv2d, "forward", forward)
    return seen


@pytest.mark.parametrize("lever", LEVERS)
def test_the_head_learns_what_it_learns_without_them(lever, tiny_job, train, monkeypatch):
    with_features, without = tiny_job(settings(lever)), tiny_job(settings(lever))
    found = train(with_features)
    with monkeypatch.context() as patch:
        patch.setattr(inputs_module, "only_the_head_learns", lambda *_: None)
        expected = train(without)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.allclose(value.double(), found[name].double(), rtol=1e-3, atol=1e-4), name
    rows = [(job.folder / "history.csv").read_text().splitlines() for job in (with_features, without)]
    for one, other in zip(*rows, strict=True):
        assert one.split(",")[0] == other.split(",")[0]
    losses = [[float(line.split(",")[1]) for line in lines[1:]] for lines in rows]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_each_picture_goes_through_the_backbone_once(tiny_job, train, pictures_seen):
    job = tiny_job(HEAD_ONLY)
    train(job)
    assert sum(pictures_seen) == len(job.train_rows) + 2 * 2  # two rows, twice, see whether the head takes features
    pictures_seen.clear()
    train(tiny_job({"model": {"freeze": {"train": "head"}}}))  # pictures change from epoch to epoch
    assert sum(pictures_seen) == 4 * len(job.train_rows)


class Killed(BaseException):
    """No handler of errors may see it."""


@pytest.mark.parametrize(
    "lever", ["ema", "then everything", *(pytest.param(one, marks=pytest.mark.slow) for one in ("sam", "accumulation"))]
)
def test_a_killed_training_ends_bit_for_bit_where_an_undisturbed_one_does(lever, tiny_job, train, monkeypatch):
    whole = train(tiny_job(settings(lever)))
    job = tiny_job(settings(lever) | {"training": settings(lever).get("training", {}) | {"checkpoint_minutes": 1e-9}})
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
    for name, value in whole.items():
        assert torch.equal(value, resumed[name]), name


def name_of(job) -> str | None:
    torch.manual_seed(0)
    model = build_network(job.recipe.model, job.class_count).model
    epoch = make_plan(job.recipe, len(job.train_rows)).epochs[0]
    apply_freezing(model, job.recipe.model.freeze, 0, job.recipe.training.epochs)
    loss = Loss(job.recipe.loss, [12] * job.class_count, job.recipe.model.head.logit_scale)
    return only_the_head_learns(job, model, loss, epoch, job.recipe.training.epochs)


def test_where_it_applies(tiny_job):
    assert name_of(tiny_job(HEAD_ONLY)) == "fc"
    assert name_of(tiny_job({**HEAD_ONLY, "model": {"freeze": {"train": "head"}, "backbone": "test_vit"}})) == "head"


@pytest.mark.parametrize(
    "change",
    [
        {"model": {"freeze": "all"}},
        {"model": {"freeze": {"train": "head", "trained": ["*layer4*"]}}},
        {"model": {"freeze": {"train": "head", "batch_norm": "train"}}},
        {"model": {"freeze": {"train": "head"}, "drop_rate": 0.2}},
        {"model": {"freeze": {"train": "head"}, "head": {"name": "mlp", "dropout": 0.2}}},
        {"model": {"freeze": {"train": "head"}, "backbone": "test_vit", "drop_path_rate": 0.2}},
        {"transforms": {"policy": "flips"}},
        {"transforms": {"policy": "none", "add": [{"op": "hflip"}]}},
        {"transforms": {"policy": "none", "mixing": {"mixup_alpha": 0.2}}},
        {"training": {"resize": [{"until": 2, "size": 16}]}},
        {"loss": {"supcon": 0.1}},
    ],
)
def test_where_features_would_change_from_epoch_to_epoch_it_does_not(change, tiny_job):
    assert name_of(tiny_job({**HEAD_ONLY, **change})) is None


def test_too_many_rows_for_the_memory_are_passed_through_each_epoch(tiny_job, monkeypatch):
    job = tiny_job(HEAD_ONLY)
    network = build_network(job.recipe.model, job.class_count)
    kept = compute_features(job, network.model, network.normalisation, "fc")
    assert kept is not None
    assert kept.values.numel() * 4 == kept.values.nbytes
    rows = job.train_rows[[5, 0]]
    assert torch.equal(kept.of(rows), kept.values[[5, 0]])
    monkeypatch.setattr(frozen_module, "MOST_BYTES", kept.values.nbytes - 1)
    assert compute_features(job, network.model, network.normalisation, "fc") is None


def test_a_backbone_whose_logits_are_not_its_classifiers_is_left_alone(tiny_job, monkeypatch):
    job = tiny_job(HEAD_ONLY)
    network = build_network(job.recipe.model, job.class_count)
    real = network.model.forward
    monkeypatch.setattr(network.model, "forward", lambda images: 2 * real(images))
    assert compute_features(job, network.model, network.normalisation, "fc") is None
