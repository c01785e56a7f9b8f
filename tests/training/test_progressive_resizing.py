"""Progressive resizing: worked-out plans, parameters handed over to the optimizer, sizes that the network sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sketchfit._timm import timm
from sketchfit.config.load import load_recipe
from sketchfit.config.optimizer import OptimizerSection
from sketchfit.errors import UserError
from sketchfit.models.input_size import at_input_size, set_input_size
from sketchfit.training import fit as fit_module
from sketchfit.training.optimizers import build_optimizer
from sketchfit.training.plan import make_plan

STAGES = [{"until": 0.5, "size": 16, "batch_size": "auto"}, {"until": 8, "size": 24, "batch_size": 12}]


def test_a_plan_worked_out_by_hand():
    settings = {"model": {"input_size": 32}, "training": {"epochs": 10, "batch_size": 8, "resize": STAGES}}
    plan = make_plan(load_recipe(settings), 100)
    assert [epoch.size for epoch in plan.epochs] == [16] * 5 + [24] * 3 + [32] * 2
    assert [epoch.batch_size for epoch in plan.epochs] == [32] * 5 + [12] * 3 + [8] * 2
    assert [epoch.updates for epoch in plan.epochs] == [3] * 5 + [8] * 3 + [12] * 2
    assert [epoch.first_update for epoch in plan.epochs][-2:] == [39, 51]
    assert plan.images == 5 * 96 + 3 * 96 + 2 * 96
    # The rate follows the batch; the schedule goes by epochs, 12 steps in each.
    assert plan.lr_drops == [(0, 4.0), (60, 1.5), (96, 1.0)]
    assert [plan.schedule_step(plan.epochs[6], update) for update in range(8)] == [72, 73, 75, 76, 78, 79, 81, 82]


def test_the_last_epoch_is_at_test_size_whatever_the_stages_say():
    settings = {"model": {"input_size": 32}, "training": {"epochs": 4, "resize": [{"until": 1.0, "size": 16}]}}
    assert [epoch.size for epoch in make_plan(load_recipe(settings), 64).epochs] == [16, 16, 16, 32]


def test_the_curriculums_scale_and_the_stages_are_multiplied():
    settings = {
        "training": {"epochs": 4, "resize": [{"until": 2, "size": 64, "lr_scale": 0.5}]},
        "transforms": {"curriculum": [{"until": 1, "policy": "none"}, {"policy": "flips", "lr_scale": 0.1}]},
    }
    assert [epoch.lr_scale for epoch in make_plan(load_recipe(settings), 64).epochs] == [0.5, 0.05, 0.1, 0.1]


@pytest.mark.parametrize(
    "resize", [[{"until": 0, "size": 32}], [{"until": 1.5, "size": 32}], [{"until": 2, "size": 8}]]
)
def test_impossible_stages_are_refused(resize):
    with pytest.raises(UserError, match=r"training\.resize"):
        load_recipe({"training": {"resize": resize}})


def test_stages_out_of_order_are_refused():
    with pytest.raises(UserError, match="must increase"):
        load_recipe({"training": {"resize": [{"until": 5, "size": 32}, {"until": 0.5, "size": 64}]}})


@pytest.mark.parametrize("lookahead", [False, True])
@pytest.mark.parametrize("name", ["test_vit", "test_coatnet"])
def test_new_parameters_learn_and_old_moments_are_gone(name, lookahead):
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=3, img_size=32)
    optimizer = build_optimizer(model, OptimizerSection(lookahead=lookahead))

    def step(size):
        model(torch.randn(2, 3, size, size)).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    step(32)
    before = dict(model.named_parameters())
    set_input_size(model, 64, optimizer)
    after = dict(model.named_parameters())
    replaced = [key for key in before if before[key] is not after[key]]
    assert replaced
    held = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    assert {id(p) for p in held} == {id(p) for p in after.values()}
    was = {key: after[key].detach().clone() for key in replaced}
    step(64)
    assert all(not torch.equal(was[key], after[key]) for key in replaced)
    assert len(optimizer.state_dict()["state"]) == len(after)


def test_position_embeddings_keep_their_picture():
    model = timm.create_model("test_vit", num_classes=3, img_size=64)
    grid = model.patch_embed.grid_size[0]
    ramp = torch.linspace(-1, 1, grid)[:, None].expand(grid, grid).reshape(-1)
    with torch.no_grad():
        model.pos_embed[0, -grid * grid :, 0] = ramp
    other = at_input_size(model, 128)
    new = other.pos_embed[0, -4 * grid * grid :, 0].detach().reshape(2 * grid, 2 * grid)
    assert torch.allclose(new[:, 0], new[:, -1], atol=1e-5)
    assert (new[:, 0].diff() > 0).all()
    assert model.patch_embed.grid_size[0] == grid  # the first is as it was


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit"])
def test_the_network_sees_each_size_and_ends_at_test_size(tiny_job, train, monkeypatch, backbone):
    sizes = []
    real = fit_module.update

    def watched(state, micros, *rest):
        sizes.extend(micro.images.shape[-1] for micro in micros)
        return real(state, micros, *rest)

    monkeypatch.setattr(fit_module, "update", watched)
    stages = [{"until": 2, "size": 16}, {"until": 3, "size": 48}]
    job = tiny_job({"model": {"backbone": backbone}, "training": {"resize": stages, "checkpoint": "best"}})
    weights = train(job)
    per_epoch = len(job.train_rows) // 8
    assert sizes == [16] * 2 * per_epoch + [48] * per_epoch + [32] * per_epoch
    model = timm.create_model(backbone, num_classes=4, **({"img_size": 32} if backbone == "test_vit" else {}))
    model.load_state_dict(weights)  # shapes are those of the test size
    assert np.isfinite(sum(float(value.float().sum()) for value in weights.values()))


def test_a_backbone_that_cannot_change_its_size_says_so():
    model = torch.nn.Linear(2, 2)
    with pytest.raises(UserError, match="cannot change"):
        set_input_size(model, 32)
