"""Each lever that the loop pulls: what changes when it is on, and that nothing else does."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import torch
from torch import nn

from sketchfit._timm import timm
from sketchfit.config.overrides import merge
from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network
from sketchfit.models.batch_norm import refresh_batch_norm
from sketchfit.models.classifier import classifier_names
from sketchfit.models.network import Normalisation, to_input
from sketchfit.tracking.console import Console
from sketchfit.training import fit as fit_module
from sketchfit.training import lp_ft
from sketchfit.training.early_stopping import should_stop
from sketchfit.training.engine import make_engine
from sketchfit.training.fit import fit
from sketchfit.training.loader import DataLoader
from sketchfit.training.lp_ft import backbone_features, probe_first, probe_rows
from sketchfit.training.plan import EpochPlan


def test_balanced_sampling_shows_every_class_as_often(tiny_job, train, monkeypatch):
    seen = []
    real = fit_module.update

    def watched(state, micros, *rest):
        seen.extend(np.concatenate([micro.label.numpy() for micro in micros]))
        return real(state, micros, *rest)

    monkeypatch.setattr(fit_module, "update", watched)
    train(tiny_job({"training": {"sampling": "balanced"}}, counts=(60, 12, 12, 12)))
    shares = np.bincount(seen, minlength=4) / len(seen)
    assert np.allclose(shares, 0.25, atol=0.03)


def test_a_row_that_an_epoch_repeats_has_another_picture_each_time(tiny_job):
    job = tiny_job({"training": {"sampling": "balanced"}}, counts=(60, 3))
    loader = DataLoader(job, Normalisation((0.5,) * 3, (0.5,) * 3), make_engine(job.recipe.compute))
    epoch = EpochPlan(epoch=0, size=32, batch_size=8, batches=5, updates=5, first_update=0)
    micros = [micro for group in loader.updates(epoch) for micro in group]
    small = [image for micro in micros for image in micro.images[micro.label == 1]]
    assert len(small) > 10
    assert len({image.numpy().tobytes() for image in small}) == len(small)
    resumed = [micro for group in loader.updates(epoch, first_batch=2) for micro in group]
    assert all(torch.equal(one.images, other.images) for one, other in zip(micros[2:], resumed, strict=True))


@pytest.mark.parametrize(
    ("figures", "patience", "stops"),
    [
        ([0.1, 0.2, 0.2, 0.1], 2, True),
        ([0.1, 0.2, 0.2, 0.1], 3, False),
        ([0.1, None, 0.2, None, 0.19], 1, True),
        ([0.3, 0.2], 2, False),
        ([0.3, 0.2, 0.1], 0, False),
        ([], 1, False),
    ],
)
def test_patience_counts_validations(figures, patience, stops):
    assert should_stop([{"valid_accuracy": figure} for figure in figures], patience) is stops


def test_early_stopping_ends_the_training_and_is_logged(tiny_job, monkeypatch, capsys):
    figures = iter([0.5, 0.6, 0.6, 0.4, 0.9, 0.9])
    monkeypatch.setattr(fit_module, "_validate", lambda training, epoch: next(figures))
    job = tiny_job({"training": {"epochs": 6, "early_stopping": 2, "resize": [{"until": 5, "size": 16}]}})
    fit(job, make_engine(job.recipe.compute), Console("plain"))
    with (job.folder / "history.csv").open() as file:
        assert [row["valid_accuracy"] for row in csv.DictReader(file)] == ["0.5", "0.6", "0.6", "0.4"]
    assert "stopped early after epoch 4 of 6" in capsys.readouterr().out


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit", "test_coatnet", "test_convnext"])
@pytest.mark.parametrize("head", ["linear", "mlp", "cosine"])
def test_the_probe_moves_the_head_alone_and_fits_what_the_network_computes(tiny_job, backbone, head):
    job = tiny_job({"model": {"backbone": backbone, "head": head}, "training": {"probe": {"l2": 1e-4}}})
    network = build_network(job.recipe.model, job.class_count)
    model = network.model
    before = {name: value.clone() for name, value in model.state_dict().items()}
    right = probe_first(job, model, network.normalisation, torch.device("cpu"))
    assert right > 0.6  # chance is 0.25
    heads = tuple(f"{name}." for name in classifier_names(model))
    learnt = {name for name, _ in model.named_parameters()}
    moved = {name for name in learnt if not torch.equal(model.state_dict()[name], before[name])}
    assert moved
    assert all(name.startswith(heads) for name in moved)

    features = backbone_features(job, job.train_rows, model, network.normalisation, torch.device("cpu"))
    logits = model.get_submodule(classifier_names(model)[0])(features)
    images = torch.randn(2, 3, 32, 32)
    assert len(logits) == len(job.train_rows)
    pooled = model.forward_head(model.forward_features(images), pre_logits=True).flatten(1)
    assert torch.allclose(model.get_submodule(classifier_names(model)[0])(pooled), model(images), atol=1e-4)


def test_of_many_rows_the_probe_sees_some(tiny_job, monkeypatch):
    job = tiny_job()
    assert probe_rows(job) is job.train_rows
    monkeypatch.setattr(lp_ft, "MOST_ROWS", 10)
    rows = probe_rows(job)
    assert len(rows) == len(set(rows.tolist())) == 10
    assert set(rows.tolist()) < set(job.train_rows.tolist())
    assert rows.tolist() == probe_rows(job).tolist() != job.train_rows[:10].tolist()
    network = build_network(job.recipe.model, job.class_count)
    share = probe_first(job, network.model, network.normalisation, torch.device("cpu"))
    assert share * 10 == pytest.approx(round(share * 10))  # of the ten


@pytest.mark.parametrize("batch_norm", ["follow", "statistics"])
def test_before_the_probe_batch_norm_meets_the_drawings_unless_it_is_frozen(tiny_job, batch_norm):
    job = tiny_job({"model": {"freeze": {"batch_norm": batch_norm}}, "training": {"probe": True}})
    network = build_network(job.recipe.model, job.class_count)
    probe_first(job, network.model, network.normalisation, torch.device("cpu"))
    images = torch.from_numpy(np.stack([job.store.images[row][2:34, 2:34] for row in job.train_rows]))
    seen = network.model.conv1[0](to_input(images, network.normalisation, torch.device("cpu"), False))
    mean = network.model.conv1[1].running_mean
    close = torch.allclose(mean, seen.mean((0, 2, 3)), atol=0.1)
    assert close is (batch_norm == "follow")
    assert torch.equal(mean, torch.zeros_like(mean)) is (batch_norm == "statistics")


@pytest.mark.parametrize("backbone", ["test_vit", "test_resnet", "resnetv2_18", "dla46_c", "dpn48b"])
def test_after_the_probe_the_first_epoch_starts_lower(tiny_job, backbone):
    def first_loss(training):
        base = {"model": {"backbone": backbone}, "transforms": {"policy": "none"}, "optimizer": {"lr": 1e-9}}
        job = tiny_job({**base, "training": {"epochs": 1, **training}})
        fit(job, make_engine(job.recipe.compute), Console("none"))
        with (job.folder / "history.csv").open() as file:
            return float(next(csv.DictReader(file))["train_loss"])

    assert first_loss({"probe": True}) < first_loss({}) - 0.05


def test_lora_trains_additions_and_head_and_gives_back_a_plain_model(tiny_job, train):
    settings = {"backbone": "test_vit", "lora": {"rank": 2, "targets": ["*qkv"]}}
    # Training starts from these very weights: the seed is the recipe's.
    job = tiny_job({"model": settings, "averaging": {"ema": False}})
    torch.manual_seed(job.recipe.seed)
    start = build_network(job.recipe.model, job.class_count).model.state_dict()
    weights = train(job)
    assert weights.keys() == start.keys()
    changed = {name for name in start if not torch.equal(start[name], weights[name])}
    assert {name for name in changed if not name.startswith("head.")} == {
        name for name in start if name.endswith("qkv.weight")
    }
    delta = weights["blocks.0.attn.qkv.weight"] - start["blocks.0.attn.qkv.weight"]
    assert torch.linalg.matrix_rank(delta, rtol=1e-3) <= 2


def test_refreshed_statistics_are_the_batches_own():
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(3)
    model = nn.Sequential(norm, nn.Dropout(0.5), nn.BatchNorm2d(3))
    batches = [torch.randn(4, 3, 5, 5) * 3 + 2 for _ in range(3)]
    refresh_batch_norm(model, ["0"], batches, torch.autocast("cpu", enabled=False))
    assert torch.allclose(norm.running_mean, torch.stack([b.mean((0, 2, 3)) for b in batches]).mean(0), atol=1e-5)
    expected = torch.stack([b.transpose(0, 1).reshape(3, -1).var(1) for b in batches]).mean(0)
    assert torch.allclose(norm.running_var, expected, rtol=1e-4)
    assert torch.equal(model[2].running_mean, torch.zeros(3))  # not named
    assert norm.momentum == 0.1
    assert not any(module.training for module in model.modules())


@pytest.mark.parametrize("averaging", [{"swa": True, "swa_start": 0.5}, {"wise_ft": 0.3}])
def test_averaged_weights_get_statistics_of_their_own(tiny_job, train, averaging):
    with_it = train(tiny_job({"averaging": {"ema": False, **averaging}}))
    without = train(tiny_job({"averaging": {"ema": False, "refresh_batches": 0, **averaging}}))
    differing = {name for name in with_it if not torch.equal(with_it[name], without[name])}
    assert differing
    assert all("running_" in name or "num_batches" in name for name in differing)


def test_frozen_statistics_are_not_refreshed(tiny_job, train):
    settings = {"model": {"freeze": {"batch_norm": "statistics"}}}
    averaging = {"ema": False, "wise_ft": 0.3}
    with_it = train(tiny_job({**settings, "averaging": averaging}))
    without = train(tiny_job({**settings, "averaging": {**averaging, "refresh_batches": 0}}))
    assert all(torch.equal(with_it[name], without[name]) for name in with_it)


def test_gradient_checkpointing_gives_the_same_weights(tiny_job, train, monkeypatch):
    calls = []
    real = torch.utils.checkpoint.checkpoint
    monkeypatch.setattr(torch.utils.checkpoint, "checkpoint", lambda *a, **k: calls.append(1) or real(*a, **k))
    monkeypatch.setattr(timm.models._manipulate, "checkpoint", torch.utils.checkpoint.checkpoint, raising=False)
    model = {"backbone": "test_vit", "drop_rate": 0.2}
    saving = train(tiny_job({"model": model, "training": {"grad_checkpointing": True}}))
    assert calls
    calls.clear()
    plain = train(tiny_job({"model": model}))
    assert not calls
    assert all(torch.allclose(saving[name], plain[name], atol=1e-5) for name in plain)


def test_a_backbone_without_gradient_checkpointing_is_named(tiny_job, train, monkeypatch):
    def refuse(self, enable=True):
        assert not enable

    monkeypatch.setattr(timm.models.ResNet, "set_grad_checkpointing", refuse)
    with pytest.raises(UserError, match="grad_checkpointing: test_resnet"):
        train(tiny_job({"training": {"grad_checkpointing": True}}))


def test_what_trains_is_printed_as_a_table_whenever_it_changes(tiny_job, capsys):
    job = tiny_job({"model": {"freeze": {"train": "head", "epochs": 2}}})
    fit(job, make_engine(job.recipe.compute), Console("plain"))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    heads = [number for number, line in enumerate(lines) if line[:2] == ["group", "layers"]]
    assert len(heads) == 2  # at the start, and when all thaws
    totals = [line[1:] for line in lines if line[:1] == ["all"]]
    assert totals[0][0] == totals[1][0] == totals[1][1]
    stem = [lines[start + 1] for start in heads]
    assert stem[0][-1] == "0"
    assert stem[1][-1] == stem[1][-2] != "0"


def test_a_clipped_gradient_moves_the_weights_by_its_norm_at_most(tiny_job, train):
    """Plain SGD: the way of all updates together is at most rate × norm × updates, and not clipped it is longer."""
    clip, lr = 1e-3, 0.1
    settings = {
        "optimizer": {"name": "momentum", "momentum": 0.0, "lr": lr, "weight_decay": 0.0},
        "schedule": {"name": "constant", "warmup": 0},
        "averaging": {"ema": False},
        "training": {"epochs": 1},
    }
    start = train(tiny_job(merge(settings, {"optimizer": {"lr": 1e-30}})))
    learnt = [name for name in start if "running_" not in name and "num_batches" not in name]

    def way(end):
        return torch.cat([(end[name] - start[name]).flatten() for name in learnt]).norm().item()

    clipped = way(train(tiny_job(merge(settings, {"training": {"clip_grad": clip}}))))
    updates = 4
    assert 0 < clipped <= lr * clip * updates * 1.01
    assert way(train(tiny_job(settings))) > 10 * clipped


def test_dropout_of_attention_is_the_models_own_argument(tiny_job):
    model = {"backbone": "test_vit", "args": {"attn_drop_rate": 0.4}}
    network = build_network(tiny_job({"model": model}).recipe.model, 4)
    assert {block.attn.attn_drop.p for block in network.model.blocks} == {0.4}


@pytest.mark.slow
def test_a_compiled_training_learns_the_same(tiny_job, train):
    plain = train(tiny_job({"training": {"epochs": 1}}))
    compiled = train(tiny_job({"training": {"epochs": 1}, "compute": {"compile": True}}))
    for name, value in plain.items():
        assert torch.allclose(compiled[name].float(), value.float(), atol=1e-3), name
