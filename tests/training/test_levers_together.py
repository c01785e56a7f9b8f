"""Levers in combination: every pair of settings of two levers meets in some case, on a CNN, a ViT and a hybrid."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from sketchfit._timm import timm
from sketchfit.config.averaging import AveragingSection
from sketchfit.config.freezing import FreezingSection
from sketchfit.config.head import HeadSection
from sketchfit.config.loss import LossSection
from sketchfit.config.optimizer import OptimizerSection
from sketchfit.config.schedule import ScheduleSection
from sketchfit.models.averaging import EMA, SWA
from sketchfit.models.classifier import attach_head
from sketchfit.models.freezing import apply_freezing
from sketchfit.training.loss import Loss
from sketchfit.training.optimizers import build_optimizer
from sketchfit.training.sam import build_sam, paused_statistics
from sketchfit.training.schedules import apply_lr, lr_factor

CLASSES = 4
LEVERS = {
    "model": ["test_efficientnet", "test_vit", "test_coatnet"],
    "loss": ["ce", "focal", "sce", "poly1", "bitempered", "asymmetric", "bce", "arcface"],
    "class_weights": ["none", "balanced", "effective"],
    "supcon": [0.0, 0.3],
    "distill": [0.0, 0.5],
    "optimizer": ["adamw", "sgd", "lion", "lamb", "muon"],
    "sam": ["none", "sam", "asam"],
    "lookahead": [False, True],
    "layer_decay": [None, 0.7],
    "schedule": ["cosine", "step", "multistep", "onecycle", "plateau", "polynomial"],
    "freezing": ["all", "head", "from", "gradual"],
    "batch_norm": ["follow", "frozen", "statistics", "train"],
    "head": ["linear", "mlp", "cosine"],
}


def covering(levers: dict[str, list]) -> list[dict]:
    """Cases in which every pair of settings occurs: greedily, each case takes up as many open pairs as it can."""
    names = list(levers)
    pairs = {
        ((a, i), (b, j))
        for a, b in itertools.combinations(names, 2)
        for i in range(len(levers[a]))
        for j in range(len(levers[b]))
    }
    rng = np.random.default_rng(0)
    cases = []
    while pairs:
        best: dict[str, int] = {}
        for _ in range(20):
            (first, i), (second, j) = sorted(pairs)[rng.integers(len(pairs))]
            case = {first: i, second: j}
            for name in rng.permutation([name for name in names if name not in case]):
                gains = [
                    sum(_pair(names, name, k, *known) in pairs for known in case.items())
                    for k in range(len(levers[name]))
                ]
                case[str(name)] = int(np.argmax(gains))
            if not best or len(_met(names, case) & pairs) > len(_met(names, best) & pairs):
                best = case
        pairs -= _met(names, best)
        cases.append({name: levers[name][best[name]] for name in names})
    return cases


def _pair(names, a, i, b, j):
    return ((a, i), (b, j)) if names.index(a) < names.index(b) else ((b, j), (a, i))


def _met(names, case):
    return {((a, case[a]), (b, case[b])) for a, b in itertools.combinations(names, 2)}


CASES = covering(LEVERS)


def test_every_pair_is_covered():
    for a, b in itertools.combinations(LEVERS, 2):
        assert {(case[a], case[b]) for case in CASES} == set(itertools.product(LEVERS[a], LEVERS[b]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case.values())))
def test_a_step_moves_what_should_move(case):
    torch.manual_seed(0)
    sized = {} if case["model"] == "test_efficientnet" else {"img_size": 64}
    model = timm.create_model(case["model"], pretrained=False, num_classes=3, **sized)
    attach_head(model, HeadSection.model_validate(case["head"]), CLASSES)
    chosen = OptimizerSection(
        name=case["optimizer"], sam=case["sam"], lookahead=case["lookahead"], layer_decay=case["layer_decay"], lr=0.01
    )
    optimizer = build_optimizer(model, chosen)
    sam = build_sam(optimizer, chosen)
    table = apply_freezing(model, FreezingSection(train=case["freezing"], first=3, batch_norm=case["batch_norm"]), 0, 4)
    section = LossSection.model_validate(
        {"name": case["loss"], **{key: case[key] for key in ("class_weights", "supcon", "distill")}}
    )
    loss = Loss(section, np.array([5, 1, 3, 2]), logit_scale=30.0)
    ema, swa = EMA(model, AveragingSection()), SWA()
    images, label = torch.randn(4, 3, 64, 64), torch.tensor([0, 1, 1, 3])
    target = torch.eye(CLASSES)[label] * 0.8 + torch.eye(CLASSES)[[1, 1, 0, 2]] * 0.2
    teacher = torch.softmax(torch.randn(4, CLASSES), 1)

    def backward() -> None:
        optimizer.zero_grad()
        features = model.forward_features(images)
        pooled = model.forward_head(features, pre_logits=True)
        total = loss(model.forward_head(features), target, torch.ones(4), teacher) + loss.auxiliary(pooled, label)
        assert torch.isfinite(total)
        total.backward()

    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    apply_lr(optimizer, lr_factor(ScheduleSection(name=case["schedule"]), 3, 20, 5))
    backward()
    if sam:
        sam.ascend()
        with paused_statistics(model):
            backward()
        sam.restore()
    optimizer.step()
    ema.update(model)
    swa.update(model)

    learns = {name for name, value in model.named_parameters() if value.requires_grad}
    assert 0 < sum(before[name].numel() for name in learns) == table.trainable
    for name, value in model.named_parameters():
        assert torch.isfinite(value).all()
        # The bias of a key adds the same to all of a query's scores and has no gradient, but for rounding.
        if name not in learns or value.grad is None or value.grad.any():
            assert torch.equal(before[name], value.detach()) is (name not in learns), name
        assert torch.equal(ema.module.state_dict()[name], value)
        assert torch.equal(swa.average(model)[name], value)
