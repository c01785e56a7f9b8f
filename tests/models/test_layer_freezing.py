"""Freezing, by which parameters and running statistics moved in a real step."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sketchfit._timm import timm
from sketchfit.config.freezing import FreezingSection
from sketchfit.errors import UserError
from sketchfit.models.freezing import (
    apply_freezing,
    first_trained,
    freeze_statistics,
    large_depthwise_kernels,
    layer_groups,
)

SIZES = {"test_vit": {"img_size": 64}, "test_coatnet": {"img_size": 64}}
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def build(name: str) -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model(name, pretrained=False, num_classes=3, **SIZES.get(name, {}))


def moved(model: nn.Module) -> tuple[set[str], set[str]]:
    """(parameters, running statistics) that one step of SGD over everything changes."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, weight_decay=0.1, momentum=0.9)
    logits = model(torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(1)))
    nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 0])).backward()
    optimizer.step()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(before[name], value)}
    statistics = {name for name in changed if name.endswith(STATISTICS)}
    return changed - statistics, statistics


def parameters(model: nn.Module, *prefixes: str) -> set[str]:
    return {name for name, _ in model.named_parameters() if name.startswith(prefixes or "")}


def statistics(model: nn.Module, *prefixes: str) -> set[str]:
    return {name for name, _ in model.named_buffers() if name.endswith(STATISTICS) and name.startswith(prefixes or "")}


@pytest.mark.parametrize("name", ["test_efficientnet", "test_vit", "test_coatnet", "test_convnext", "test_resnet"])
def test_groups_part_the_parameters_and_end_with_the_head(name):
    model = build(name)
    groups = layer_groups(model)
    flat = [parameter for group in groups for parameter in group]
    assert sorted(flat) == sorted(parameters(model))
    assert len(groups) >= 5
    classifier = model.get_classifier()
    assert {id(p) for p in classifier.parameters()} == {id(model.get_parameter(n)) for n in groups[-1]}


def test_a_model_without_timms_groups_goes_by_its_children():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    assert layer_groups(model) == [["0.weight", "0.bias"], ["2.weight", "2.bias"]]


def test_a_model_with_fine_groups_alone_goes_by_its_children(monkeypatch):
    def matcher(self, coarse=False):
        assert not coarse, "coarse grouping is not implemented"  # as in RDNet
        return {"stem": "^conv1", "blocks": "^layer"}

    made = build("test_resnet")
    monkeypatch.setattr(type(made), "group_matcher", matcher)
    groups = layer_groups(made)
    assert [group[0].partition(".")[0] for group in groups][:2] == ["conv1", "bn1"]
    assert groups[-1] == ["fc.weight", "fc.bias"]


def test_everything_trains_by_default():
    model = build("test_efficientnet")
    table = apply_freezing(model, FreezingSection(), 0, 5)
    assert moved(model) == (parameters(model), statistics(model))
    assert table.trainable == table.parameters == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("name", "head"), [("test_efficientnet", "classifier"), ("test_vit", "head"), ("test_coatnet", "head.fc")]
)
def test_head_alone(name, head):
    model = build(name)
    table = apply_freezing(model, FreezingSection(train="head"), 3, 5)
    assert moved(model) == (parameters(model, head), set())
    assert table.trainable == sum(p.numel() for p in model.get_classifier().parameters())


def test_from_a_group_on():
    model = build("test_efficientnet")
    last = ("blocks.4", "conv_head", "bn2", "classifier")
    apply_freezing(model, FreezingSection(train="from", first=-2), 0, 5)
    assert moved(model) == (parameters(model, *last), statistics(model, *last))
    with pytest.raises(UserError, match="layer groups 0 to 6"):
        apply_freezing(model, FreezingSection(train="from", first=7), 0, 5)


def test_frozen_for_some_epochs_then_all():
    model = build("test_efficientnet")
    section = FreezingSection(train="head", epochs=2)
    apply_freezing(model, section, 1, 5)
    assert moved(model) == (parameters(model, "classifier"), set())
    apply_freezing(model, section, 2, 5)
    assert moved(model) == (parameters(model), statistics(model))


def test_name_patterns():
    model = build("test_vit")
    apply_freezing(model, FreezingSection(frozen=("*pos_embed", "blocks.0.*"), trained=("*.bias",)), 0, 5)
    biases = {name for name in parameters(model) if name.endswith(".bias")}
    frozen = {"pos_embed"} | parameters(model, "blocks.0.")
    assert moved(model)[0] == (parameters(model) - frozen) | biases
    with pytest.raises(UserError, match="poss_embed") as caught:
        apply_freezing(model, FreezingSection(frozen=("*poss_embed",)), 0, 5)
    assert "head.bias" in caught.value.hint


def norms(model: nn.Module) -> set[str]:
    found = [name for name, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    return parameters(model, *(f"{name}." for name in found))


@pytest.mark.parametrize(
    ("choice", "affine", "running"),
    [("follow", True, True), ("frozen", False, False), ("statistics", True, False), ("train", True, True)],
)
def test_batch_norm_when_all_train(choice, affine, running):
    model = build("test_efficientnet")
    table = apply_freezing(model, FreezingSection(batch_norm=choice), 0, 5)
    expected = parameters(model) if affine else parameters(model) - norms(model)
    assert moved(model) == (expected, statistics(model) if running else set())
    assert table.batch_norms == 13
    assert table.frozen_batch_norms == (0 if running else 13)


def test_batch_norm_trains_though_its_layers_dont():
    model = build("test_efficientnet")
    apply_freezing(model, FreezingSection(train="head", batch_norm="train"), 0, 5)
    assert moved(model) == (parameters(model, "classifier") | norms(model), statistics(model))


def test_batch_norm_with_one_learning_weight_goes_on():
    model = build("test_efficientnet")
    apply_freezing(model, FreezingSection(train="head", trained=("bn1.bias",)), 0, 5)
    assert moved(model) == (parameters(model, "classifier", "bn1.bias"), statistics(model, "bn1."))


def test_batch_norm_without_weights_goes_by_what_is_around_it():
    def block(width: int) -> nn.Module:
        return nn.Sequential(nn.Linear(3, width), nn.Sequential(nn.BatchNorm1d(width, affine=False)))

    model = nn.Sequential(block(3), block(2))
    apply_freezing(model, FreezingSection(train="head"), 0, 5)
    assert [module.training for module in model.modules() if isinstance(module, nn.BatchNorm1d)] == [False, True]


def test_statistics_after_going_back_to_train_mode():
    model = build("test_efficientnet")
    section = FreezingSection(batch_norm="statistics")
    apply_freezing(model, section, 0, 5)
    model.eval()
    model.train()
    assert freeze_statistics(model, section) == 13
    assert moved(model)[1] == set()


def test_a_parameter_that_is_frozen_again_stops_though_momentum_drives_it():
    model = build("test_resnet")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    for epoch, section in enumerate([FreezingSection(), FreezingSection(train="head")]):
        apply_freezing(model, section, epoch, 2)
        before = {name: value.detach().clone() for name, value in model.named_parameters()}
        model(torch.randn(4, 3, 64, 64)).square().sum().backward()
        optimizer.step()
    same = {name for name, value in model.named_parameters() if torch.equal(before[name], value)}
    assert same == parameters(model) - parameters(model, "fc.")


def test_gradual_unfreezing_goes_down_from_the_head_and_any_epoch_stands_alone():
    section = FreezingSection(train="gradual", gradual_epochs=1)
    model = build("test_efficientnet")
    seen = []
    for epoch in (6, 0, 3, 1, 4, 2, 5):  # in any order: a resumed training starts anywhere
        rows = apply_freezing(model, section, epoch, 10).rows
        trained = [row.group for row in rows if row.trainable]
        assert all(row.trainable in (0, row.parameters) for row in rows)
        assert trained == list(range(6 - epoch, 7))
        seen.append(len(trained))
    assert max(seen) == 7


def test_gradual_default_reaches_the_stem_at_half_time():
    section = FreezingSection(train="gradual")
    assert [first_trained(section, 6, epoch, 20) for epoch in (0, 1, 2, 4, 9, 10, 19)] == [5, 5, 4, 3, 1, 0, 0]


@given(st.sampled_from(["all", "head", "from", "gradual"]), st.integers(1, 30), st.integers(1, 50), st.integers(0, 9))
def test_never_freezes_what_it_thawed(train, groups, epochs, until):
    section = FreezingSection(train=train, epochs=until)
    firsts = [first_trained(section, groups, epoch, epochs) for epoch in range(epochs)]
    assert all(0 <= first < groups for first in firsts)
    assert firsts == sorted(firsts, reverse=True)


def test_the_table_reads():
    table = apply_freezing(build("test_efficientnet"), FreezingSection(train="head"), 0, 5)
    text = str(table).splitlines()
    assert text[1].split() == ["0", "conv_stem,", "bn1", "696", "0"]
    assert text[7].split() == ["6", "classifier", "771", "771"]
    assert text[-2].split() == ["all", f"{table.parameters:,}", "771"]
    assert text[-1] == "running statistics frozen in 13 of 13 batch norms"


class Depthwise(nn.Module):
    """Convolutions of several kinds, one after the other; the second and the third are depthwise."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 5, stride=8)
        self.large = nn.Conv2d(4, 4, 5, groups=4, padding=2)
        self.small = nn.Conv2d(4, 4, 3, groups=4, padding=1)
        self.grouped = nn.Conv2d(4, 4, 5, groups=2, padding=2)
        self.single = nn.Conv2d(4, 1, 5, padding=2)
        self.after = nn.Conv2d(1, 1, 5, padding=2)  # one channel: as many groups as channels, and not depthwise
        self.head = nn.Linear(1, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        for layer in (self.stem, self.large, self.small, self.grouped, self.single, self.after):
            images = layer(images)
        return self.head(images.mean((2, 3)))


@pytest.mark.parametrize("settings", [{}, {"trained": ("large.weight",)}, {"train": "from", "first": 2}])
def test_large_depthwise_kernels_alone_are_frozen(settings):
    torch.manual_seed(0)
    model = Depthwise()
    apply_freezing(model, FreezingSection(**settings), 0, 1)
    follow, _ = moved(model)
    assert "small.weight" in follow
    apply_freezing(model, FreezingSection(depthwise="frozen", **settings), 0, 1)
    kept = set() if "trained" in settings else {"large.weight"}
    assert moved(model)[0] == follow - kept


def test_kernels_of_timms_blocks_are_found():
    model = timm.create_model("efficientnet_lite0", pretrained=False)
    found = large_depthwise_kernels(model)
    assert {name.split(".")[1] for name in found} == {"2", "4", "5"}  # the stages of EfficientNet with 5 x 5
    assert all(name.endswith("conv_dw.weight") for name in found)
    assert sum(model.get_parameter(name).numel() for name in found) == 158_400
    assert large_depthwise_kernels(timm.create_model("mobilenetv2_050", pretrained=False)) == []
