"""Batches of one image: refused before training where batch norms cannot learn from them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from sketchfit.errors import UserError
from sketchfit.models.backbone import build_network
from sketchfit.models.batch_norm import learning_batch_norms, one_value_norms
from sketchfit.training.single_images import check_single_images

CPU = torch.device("cpu")
FROZEN = {"freeze": {"batch_norm": "frozen"}}
ONE = {"batch_size": 1, "epochs": 1}


@pytest.mark.parametrize("probe", [False, True])
@pytest.mark.parametrize("why", ["batch", "row"])
def test_they_are_refused_before_training(why, probe, tiny_job, train):
    settings = ONE if why == "batch" else {"epochs": 1}
    job = tiny_job({"training": settings | {"probe": probe}})
    if why == "row":
        job = replace(job, train_rows=job.train_rows[:1])
    with pytest.raises(UserError) as caught:
        train(job)
    assert "test_resnet" in caught.value.problems[0]
    assert "model.freeze.batch_norm=frozen" in caught.value.hint
    assert ("training.batch_size" in caught.value.hint) == (why == "batch")


@pytest.mark.parametrize(
    "model",
    [FROZEN, {"freeze": "head"}, {"backbone": "test_vit"}, {"input_size": 64}],
    ids=str,
)
def test_others_are_trained(model, tiny_job, train):
    assert train(tiny_job({"model": model, "training": ONE}))


@pytest.mark.parametrize(
    ("processes", "synced", "refused"), [(3, False, False), (5, False, True), (8, False, True), (8, True, False)]
)
def test_processes_share_a_batch(processes, synced, refused, tiny_job):
    job = tiny_job({"training": {"batch_size": 8}, "compute": {"sync_batch_norm": synced}})
    model = build_network(job.recipe.model, job.class_count).model
    engine = SimpleNamespace(processes=processes, device=CPU)
    if not refused:
        check_single_images(job, model, engine)
        return
    with pytest.raises(UserError, match="per batch and process"):
        check_single_images(job, model, engine)


def test_the_norms_are_found_without_a_change(tiny_job):
    model = build_network(tiny_job().recipe.model, 4).model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    names = learning_batch_norms(model)
    found = one_value_norms(model, names, torch.zeros(1, 3, 32, 32))
    assert 0 < len(found) < len(names)
    assert one_value_norms(model, names, torch.zeros(1, 3, 64, 64)) == ()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(module.training for module in model.modules())
    assert not any(module._forward_pre_hooks for module in model.modules())
