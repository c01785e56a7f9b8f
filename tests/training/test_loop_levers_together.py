"""The loop's levers in pairs, on a CNN, a ViT and a hybrid: any two settings of two levers meet in a training."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from sketchfit.config.overrides import merge
from sketchfit.errors import UserError
from sketchfit.tracking.console import Console
from sketchfit.training.engine import make_engine
from sketchfit.training.seed_soup import train_network

BASE = {"model": {"input_size": 64}, "training": {"epochs": 3, "batch_size": 8, "validate_every": 1}}

LEVERS: dict[str, list[dict[str, Any]]] = {
    "backbone": [{"model": {"backbone": name}} for name in ("test_resnet", "test_vit", "test_coatnet")],
    "resize": [{}, {"training": {"resize": [{"until": 2, "size": 32, "batch_size": "auto"}]}}],
    "sampling": [{}, {"training": {"sampling": "balanced"}}, {"training": {"sampling": "weighted"}}],
    "start": [{}, {"training": {"probe": True}}],
    "learns": [
        {},
        {"model": {"freeze": {"train": "gradual", "gradual_epochs": 1}}},
        {"model": {"lora": {"rank": 2, "targets": ["*conv*", "*qkv", "*fc1"]}}},
    ],
    "memory": [{}, {"training": {"grad_checkpointing": True, "accumulation": 2}}],
    "reported": [
        {},
        {"averaging": {"ema": False, "swa": True, "swa_start": 0.7}},
        {"averaging": {"wise_ft": 0.5}},
        {"averaging": {"soup": "greedy", "soup_size": 2}},
        {"training": {"checkpoint": "best", "early_stopping": 1}},
    ],
    "optimizer": [{}, {"optimizer": {"lookahead": True, "layer_decay": 0.7}}, {"optimizer": {"sam": "sam"}}],
    "loss": [
        {"transforms": {"mixing": {"mixup_alpha": 0.3, "cutmix_alpha": 1.0, "end": 0.7}}},
        {"loss": {"supcon": 0.1}},
        {"loss": "arcface", "model": {"head": "cosine"}},
        {"loss": {"r_drop": 0.5}, "model": {"drop_rate": 0.2}},
    ],
}


def covering() -> list[dict[str, int]]:
    """Choices by lever in which every pair occurs: each case is the best of some drawn at random."""
    rng = np.random.default_rng(0)
    counts = [len(choices) for choices in LEVERS.values()]
    open_pairs = {
        (a, one, b, other)
        for a, b in itertools.combinations(range(len(counts)), 2)
        for one, other in itertools.product(range(counts[a]), range(counts[b]))
    }
    cases = []
    while open_pairs:
        drawn = [tuple(int(rng.integers(len(v))) for v in LEVERS.values()) for _ in range(300)]
        best = max(drawn, key=lambda case: len(met(case) & open_pairs))
        open_pairs -= met(best)
        cases.append(dict(zip(LEVERS, best, strict=True)))
    return cases


def met(case: tuple[int, ...]) -> set[tuple[int, int, int, int]]:
    return {(a, case[a], b, case[b]) for a, b in itertools.combinations(range(len(case)), 2)}


def settings_of(case: dict[str, int]) -> dict[str, Any]:
    settings: dict[str, Any] = BASE
    for lever, choice in case.items():
        settings = merge(settings, LEVERS[lever][choice])
    return settings


CASES = covering()
QUICK = 8
"""Cases of the quick tests; greedy as the covering is, they hold most pairs."""


def test_every_pair_is_covered():
    found = set().union(*(met(tuple(case.values())) for case in CASES))
    counts = [len(choices) for choices in LEVERS.values()]
    assert len(found) == sum(a * b for a, b in itertools.combinations(counts, 2))
    assert len(set().union(*(met(tuple(case.values())) for case in CASES[:QUICK]))) > 0.6 * len(found)


SHOWN = [*CASES[:QUICK], *(pytest.param(case, marks=pytest.mark.slow) for case in CASES[QUICK:])]


@pytest.mark.parametrize("case", SHOWN, ids=lambda case: "-".join(map(str, case.values())))
def test_they_train_together(tiny_job, case):
    job = tiny_job(settings_of(case), counts=(14, 12, 12, 10))
    network = train_network(job, make_engine(job.recipe.compute), Console("none"))
    plain = tiny_job({"model": {"backbone": job.recipe.model.backbone, "input_size": 64}})
    assert not network.model.training
    assert not any("parametrizations" in name for name in network.model.state_dict())
    assert all(torch.isfinite(value).all() for value in network.model.state_dict().values())
    with torch.no_grad():
        logits = network.model(torch.zeros(2, 3, plain.recipe.model.input_size, 64))
    assert logits.shape == (2, 4)


def test_the_loss_of_a_training_that_breaks_is_told(tiny_job):
    job = tiny_job({"optimizer": {"name": "sgd", "lr": 1e30}, "schedule": "constant"})
    with pytest.raises(UserError, match="not finite"):
        train_network(job, make_engine(job.recipe.compute), Console("none"))
