"""The training loss: class and row weights, teacher, contrast, R-Drop."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sketchfit._timm import timm
from sketchfit.config.loss import LossSection
from sketchfit.training import step
from sketchfit.training.loss import Loss
from sketchfit.training.loss_terms.class_weights import class_weights
from sketchfit.training.micro import Micro

COUNTS = np.array([10, 1, 4])


def loss_of(logit_scale: float | None = None, **settings: object) -> Loss:
    return Loss(LossSection.model_validate(settings), COUNTS, logit_scale)


def data(rows: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.nn.functional.one_hot(torch.arange(rows) % 3, 3).float()
    return torch.randn(rows, 3, generator=generator), target


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
    """On the complete training set, each class has the same share in the loss."""
    target = torch.eye(3)[np.repeat(np.arange(3), COUNTS)]
    loss = loss_of(class_weights="balanced", smoothing=0)
    logits = torch.zeros(15, 3, requires_grad=True)
    loss(logits, target).backward()
    np.testing.assert_allclose(logits.grad.sum(0), 0, atol=1e-7)


def test_micro_batches_add_up():
    logits, target = data()
    weight = torch.tensor([0.1, 2.0, 0.5, 1.0, 0.0, 1.0])
    loss = loss_of(class_weights="balanced")
    halves = [loss(logits[part], target[part], weight[part]) for part in (slice(0, 3), slice(3, 6))]
    assert loss(logits, target, weight).item() == pytest.approx(sum(halves).item() / 2)


def test_distillation_share():
    logits, target = data()
    teacher = torch.softmax(torch.randn(6, 3, generator=torch.Generator().manual_seed(1)), 1)
    hard = loss_of()(logits, target)
    full = loss_of(distill=1.0)(logits, target, teacher=teacher)
    part = loss_of(distill=0.3)(logits, target, teacher=teacher)
    assert part.item() == pytest.approx(0.7 * hard.item() + 0.3 * full.item(), rel=1e-5)
    own = loss_of(distill=1.0)(logits, target, teacher=logits.softmax(1))
    assert own.item() == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match="teacher"):
        loss_of(distill=0.3)(logits, target)


@pytest.mark.parametrize("threshold", [0.0, 0.02, 0.5])
def test_a_threshold_counts_classes_of_the_image_alone(threshold):
    right = torch.eye(3) * 20 - 10
    loss = loss_of(name="bce", bce_threshold=threshold, smoothing=0.1)
    assert loss(right, torch.eye(3)) < loss(torch.full((3, 3), 10.0), torch.eye(3))
    assert loss(right, torch.eye(3)) > loss_of(name="bce", bce_threshold=threshold, smoothing=0)(right, torch.eye(3))


def test_contrast_makes_features_of_one_class_similar():
    label = torch.tensor([0, 0, 1, 1])
    features = torch.randn(4, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = loss_of(supcon=0.5)
    assert loss.needs_features
    for _ in range(50):
        (slope,) = torch.autograd.grad(loss.auxiliary(features, label), features)
        features = (features - slope).detach().requires_grad_()
    unit = torch.nn.functional.normalize(features, dim=1)
    similar = unit @ unit.T
    assert min(similar[0, 1], similar[2, 3]) > similar[:2, 2:].max() + 0.5
    assert loss_of().auxiliary(features, label) == 0


@pytest.mark.parametrize("label", [[0], [0, 1, 2]], ids=["one row", "no partners"])
def test_contrast_without_partners_is_zero_with_zero_gradient(label):
    features = torch.randn(len(label), 8, requires_grad=True)
    term = loss_of(supcon=1.0).auxiliary(features, torch.tensor(label))
    term.backward()
    assert term == 0
    assert (features.grad == 0).all()


def test_consistency_is_the_mean_of_both_divergences():
    first, second = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    p, q = first.softmax(1), second.softmax(1)
    expected = ((p * (p / q).log()).sum(1) + (q * (q / p).log()).sum(1)).mean() / 2
    loss = loss_of(r_drop=3.0)
    assert loss.needs_second_pass
    assert loss.consistency(first, second).item() == pytest.approx(3 * expected.item(), rel=1e-5)
    assert loss.consistency(first, first).item() == pytest.approx(0, abs=1e-6)
    assert loss_of().consistency(first, second) == 0


def test_two_passes_have_the_contrast_of_one_in_full():
    logits, target = data()
    features = torch.randn(6, 8, generator=torch.Generator().manual_seed(0))
    micro = Micro(torch.zeros(6, 3, 2, 2), target, target.argmax(1))

    def found(**settings: float) -> tuple[float, float]:
        out = (logits, features) if "supcon" in settings else logits
        state = SimpleNamespace(loss=loss_of(**settings), wrapped=lambda _: out)
        value, shared, _ = step._loss(state, micro, None)
        return float(value), 0.0 if shared is None else float(shared)

    plain, _ = found()
    once, shared = found(supcon=0.3)
    assert once - plain == pytest.approx(shared, rel=1e-4)
    assert shared > 0.01
    assert found(supcon=0.3, r_drop=0.5) == pytest.approx((once, shared), rel=1e-5)


def test_arcface_needs_the_cosine_heads_scale():
    logits, target = torch.full((6, 3), 12.0), data()[1]
    loss_of(name="arcface", logit_scale=12.0)(logits, target)
    with pytest.raises(ValueError, match="10"):
        loss_of(name="arcface", logit_scale=10.0)(logits, target)


def test_the_contrast_is_computed_in_float32_under_autocast():
    """Products of float32 in a step under autocast; class weights: tests/gpu, as a CPU does not cast their product."""
    loss = loss_of(supcon=0.5)
    features = torch.nn.functional.normalize(torch.randn(6, 8, generator=torch.Generator().manual_seed(1)))
    label = torch.arange(6) % 3
    outside = loss.auxiliary(features, label)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(loss.auxiliary(features, label), outside)
