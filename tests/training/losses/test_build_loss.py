"""What `build_loss` puts together: shorthand, class and row weights, teacher, contrast, half precision."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sketchfit._timm import timm
from sketchfit.config.loss import LossSection
from sketchfit.training.losses import build_loss, list_losses
from sketchfit.training.losses.class_weights import class_weights

COUNTS = np.array([10, 1, 4])


def data(rows: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.nn.functional.one_hot(torch.arange(rows) % 3, 3).float()
    return torch.randn(rows, 3, generator=generator), target


def test_a_name_alone_is_a_section():
    assert LossSection.model_validate("focal") == LossSection(name="focal")
    with pytest.raises(ValidationError):
        LossSection.model_validate("hinge")


@given(st.lists(st.integers(0, 500), min_size=1, max_size=30).filter(any), st.floats(0, 0.9999))
def test_class_weights_have_mean_one_over_the_rows(counts, beta):
    counts = np.array(counts)
    for kind in ("balanced", "effective"):
        weights = class_weights(counts, kind, beta)
        assert (weights > 0).all()
        assert (weights * counts).sum() / counts.sum() == pytest.approx(1)


def test_class_weights_are_in_the_proportions_of_timms():
    for kind, method in (("balanced", "inv_freq"), ("effective", "effective_num")):
        ours = class_weights(COUNTS, kind, 0.9)
        theirs = timm.loss.compute_class_weights(COUNTS, 15, method, beta=0.9)[1].numpy()
        np.testing.assert_allclose(ours / ours[0], theirs / theirs[0], rtol=1e-6)


def test_balanced_classes_count_alike():
    """On the whole training set, each class has the same share in the loss."""
    target = torch.eye(3)[np.repeat(np.arange(3), COUNTS)]
    loss = build_loss(LossSection(class_weights="balanced", smoothing=0), COUNTS)
    logits = torch.zeros(15, 3, requires_grad=True)
    loss(logits, target).backward()
    np.testing.assert_allclose(logits.grad.sum(0), 0, atol=1e-7)


@pytest.mark.parametrize("name", list_losses())
def test_a_rows_weight_multiplies_its_part(name):
    logits, target = data()
    loss = build_loss(LossSection(name=name, class_weights="effective"), COUNTS)
    weight = torch.tensor([0.0, 2.0, 0.5, 1.0, 0.0, 1.0])
    rows = torch.stack([loss(logits[i : i + 1], target[i : i + 1]) for i in range(6)])
    assert loss(logits, target, weight).item() == pytest.approx((rows * weight).mean().item(), rel=1e-5)
    assert not torch.allclose(loss(logits, target, weight), loss(logits, target))


def test_micro_batches_add_up():
    logits, target = data()
    weight = torch.tensor([0.1, 2.0, 0.5, 1.0, 0.0, 1.0])
    loss = build_loss(LossSection(class_weights="balanced"), COUNTS)
    halves = [loss(logits[part], target[part], weight[part]) for part in (slice(0, 3), slice(3, 6))]
    assert loss(logits, target, weight).item() == pytest.approx(sum(halves).item() / 2)


def test_distillation_share():
    logits, target = data()
    teacher = torch.softmax(torch.randn(6, 3, generator=torch.Generator().manual_seed(1)), 1)
    hard = build_loss(LossSection(), COUNTS)(logits, target)
    full = build_loss(LossSection(distill=1.0), COUNTS)(logits, target, teacher=teacher)
    part = build_loss(LossSection(distill=0.3), COUNTS)(logits, target, teacher=teacher)
    assert part.item() == pytest.approx(0.7 * hard.item() + 0.3 * full.item(), rel=1e-5)
    own = build_loss(LossSection(distill=1.0), COUNTS)(logits, target, teacher=logits.softmax(1))
    assert own.item() == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match="teacher"):
        build_loss(LossSection(distill=0.3), COUNTS)(logits, target)


def test_auxiliary_draws_one_classes_features_together():
    label = torch.tensor([0, 0, 1, 1])
    features = torch.randn(4, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = build_loss(LossSection(supcon=0.5), COUNTS)
    assert loss.needs_features
    for _ in range(50):
        (slope,) = torch.autograd.grad(loss.auxiliary(features, label), features)
        features = (features - slope).detach().requires_grad_()
    unit = torch.nn.functional.normalize(features, dim=1)
    similar = unit @ unit.T
    assert min(similar[0, 1], similar[2, 3]) > similar[:2, 2:].max() + 0.5
    assert build_loss(LossSection(), COUNTS).auxiliary(features, label) == 0


@pytest.mark.parametrize("label", [[0], [0, 1, 2]], ids=["one row", "no partners"])
def test_auxiliary_without_partners_is_zero_with_zero_gradient(label):
    features = torch.randn(len(label), 8, requires_grad=True)
    term = build_loss(LossSection(supcon=1.0), COUNTS).auxiliary(features, torch.tensor(label))
    term.backward()
    assert term == 0
    assert (features.grad == 0).all()


@pytest.mark.parametrize("name", list_losses())
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_and_extreme_logits_stay_finite(name, dtype):
    logits = torch.tensor([[30.0, -30.0, -30.0], [-30.0, 30.0, 0.0]], dtype=dtype, requires_grad=True)
    loss = build_loss(LossSection(name=name), COUNTS)(logits, torch.tensor([[1.0, 0, 0], [1.0, 0, 0]]))
    loss.backward()
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_consistency_is_the_mean_of_both_divergences():
    first, second = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    p, q = first.softmax(1), second.softmax(1)
    expected = ((p * (p / q).log()).sum(1) + (q * (q / p).log()).sum(1)).mean() / 2
    loss = build_loss(LossSection(r_drop=3.0), COUNTS)
    assert loss.needs_second_pass
    assert loss.consistency(first, second).item() == pytest.approx(3 * expected.item(), rel=1e-5)
    assert loss.consistency(first, first).item() == pytest.approx(0, abs=1e-6)
    assert build_loss(LossSection(), COUNTS).consistency(first, second) == 0


def test_arcface_needs_the_cosine_heads_scale():
    logits, target = torch.full((6, 3), 12.0), data()[1]
    build_loss(LossSection(name="arcface"), COUNTS, logit_scale=12.0)(logits, target)
    with pytest.raises(ValueError, match="cosine head of scale 10"):
        build_loss(LossSection(name="arcface"), COUNTS, logit_scale=10.0)(logits, target)
