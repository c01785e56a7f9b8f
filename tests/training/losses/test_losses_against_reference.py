"""Each loss against a slow, plain reference: its value, and its gradient by finite differences of the reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from sketchfit.config.loss import LossSection
from sketchfit.training.loss import Loss
from sketchfit.training.loss_terms.distillation import distillation
from sketchfit.training.loss_terms.supervised_contrast import supervised_contrast
from sketchfit.training.losses import losses
from sketchfit.training.losses.bitempered import tempered_softmax

B, C = 5, 4
COUNTS = np.array([3, 1, 8, 2])


def batch(seed: int, scale: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and targets of which some are one-hot and some mixed."""
    rng = np.random.default_rng(seed)
    target = np.eye(C)[rng.integers(0, C, B)]
    other = np.eye(C)[rng.integers(0, C, B)]
    share = np.array([1, 1, 0.7, 0.35, 0.5])[:, None]
    return rng.normal(0, scale, (B, C)), share * target + (1 - share) * other


def softmax(row):
    powers = [math.exp(value - max(row)) for value in row]
    return [power / sum(powers) for power in powers]


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def smoothed(row, smoothing):
    return [(1 - smoothing) * t + smoothing / len(row) for t in row]


def slow_ce(row, target, section):
    return -sum(t * math.log(p) for t, p in zip(smoothed(target, section.smoothing), softmax(row), strict=True))


def slow_focal(row, target, section):
    pairs = zip(smoothed(target, section.smoothing), softmax(row), strict=True)
    return -sum(t * (1 - p) ** section.focal_gamma * math.log(p) for t, p in pairs)


def slow_sce(row, target, section):
    reverse = 0.0
    for t, p in zip(smoothed(target, section.smoothing), softmax(row), strict=True):
        reverse -= p * (max(math.log(t), -4.0) if t > 0 else -4.0)
    return section.sce_alpha * slow_ce(row, target, section) + section.sce_beta * reverse


def slow_poly1(row, target, section):
    pt = sum(t * p for t, p in zip(smoothed(target, section.smoothing), softmax(row), strict=True))
    return slow_ce(row, target, section) + section.poly_epsilon * (1 - pt)


def slow_tempered_softmax(row, t):
    if t == 1:
        return softmax(row)

    def exp_t(x):
        return (1 + (1 - t) * x) ** (1 / (1 - t))

    root = brentq(lambda lam: sum(exp_t(a - lam) for a in row) - 1, max(row), max(row) + 1e4, xtol=1e-13, rtol=1e-14)
    return [exp_t(a - root) for a in row]


def slow_bitempered(row, target, section):
    t1 = section.bitempered_t1

    def log_t(x):
        return math.log(x) if t1 == 1 else (x ** (1 - t1) - 1) / (1 - t1)

    total = 0.0
    probability = slow_tempered_softmax(row, section.bitempered_t2)
    for y, p in zip(smoothed(target, section.smoothing), probability, strict=True):
        if y > 0:
            total += y * (log_t(y) - log_t(p))
        total -= (y ** (2 - t1) - p ** (2 - t1)) / (2 - t1)
    return total


def slow_asymmetric(row, target, section):
    total = 0.0
    for y, x in zip(smoothed(target, section.smoothing), row, strict=True):
        p = sigmoid(x)
        q = min(1 - p + section.asymmetric_clip, 1.0)
        weight = (1 - (y * p + (1 - y) * q)) ** (
            section.asymmetric_gamma_positive * y + section.asymmetric_gamma_negative * (1 - y)
        )
        total -= weight * (y * math.log(p) + (1 - y) * math.log(q))
    return total


def slow_bce(row, target, section):
    total = 0.0
    if section.bce_threshold is not None:
        target = [float(y > section.bce_threshold) for y in target]
    for y, x in zip(smoothed(target, section.smoothing), row, strict=True):
        total -= y * math.log(sigmoid(x)) + (1 - y) * math.log(1 - sigmoid(x))
    return total


def slow_arcface(row, target, section, scale=30.0):
    moved = []
    for t, x in zip(target, row, strict=True):
        angle = math.acos(x / scale)
        past = angle + section.arcface_margin > math.pi
        harder = (
            x / scale - section.arcface_margin * math.sin(section.arcface_margin)
            if past
            else math.cos(angle + section.arcface_margin)
        )
        moved.append(scale * ((1 - t) * x / scale + t * harder))
    return slow_ce(moved, target, section)


SLOW = {
    "ce": slow_ce,
    "focal": slow_focal,
    "sce": slow_sce,
    "poly1": slow_poly1,
    "bitempered": slow_bitempered,
    "asymmetric": slow_asymmetric,
    "bce": slow_bce,
    "arcface": slow_arcface,
}

CASES = [
    *({"name": name, "smoothing": smoothing} for name in SLOW for smoothing in (0.0, 0.1)),
    {"name": "focal", "focal_gamma": 0.5},
    {"name": "sce", "sce_alpha": 0.1, "sce_beta": 1.0},
    {"name": "poly1", "poly_epsilon": -1.0},
    {"name": "bitempered", "bitempered_t1": 1.0, "bitempered_t2": 1.4},
    {"name": "bitempered", "bitempered_t1": 0.2, "bitempered_t2": 4.0},
    {"name": "bitempered", "bitempered_t1": 0.8, "bitempered_t2": 1.0},
    {"name": "asymmetric", "asymmetric_clip": 0.0, "asymmetric_gamma_negative": 2.0},
    {"name": "bce", "bce_threshold": 0.32},
    {"name": "bce", "bce_threshold": 0.0},
    {"name": "bce", "bce_threshold": 0.2, "smoothing": 0.0},
    {"name": "arcface", "arcface_margin": 0.8},
]


def slow_batch(section, logits, target):
    return float(np.mean([SLOW[section.name](list(x), list(t), section) for x, t in zip(logits, target, strict=True)]))


def differences(function, point, step=1e-5):
    """Central differences of a scalar function."""
    slope = np.zeros_like(point)
    for index in np.ndindex(*point.shape):
        up, down = point.copy(), point.copy()
        up[index] += step
        down[index] -= step
        slope[index] = (function(up) - function(down)) / (2 * step)
    return slope


def test_every_loss_has_a_reference():
    assert sorted(SLOW) == sorted(losses.names())


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case.values())))
def test_value_and_gradient_are_the_references(case):
    section = LossSection.model_validate(case)
    logits, target = batch(7, scale=14.0 if section.name == "arcface" else 2.0)
    logits = logits.clip(-29, 29)
    given = torch.tensor(logits, dtype=torch.float32, requires_grad=True)
    loss = Loss(section, COUNTS, logit_scale=30.0)(given, torch.tensor(target, dtype=torch.float32))
    loss.backward()
    assert loss.item() == pytest.approx(slow_batch(section, logits, target), rel=2e-5, abs=2e-6)
    expected = differences(lambda x: slow_batch(section, x, target), logits)
    np.testing.assert_allclose(given.grad.numpy(), expected, rtol=2e-3, atol=2e-5)


def test_arcface_reference_meets_both_branches():
    logits, _ = batch(7, scale=14.0)
    past = np.arccos(logits.clip(-29, 29) / 30) + 0.8 > np.pi
    assert past.any()
    assert not past.all()


@pytest.mark.parametrize(
    "function",
    [
        lambda x, t: Loss(LossSection.model_validate({"name": "focal", "focal_gamma": 1.7}), COUNTS)(x, t),
        lambda x, t: distillation(x, t, 3.0),
        lambda x, t: supervised_contrast(x, t.argmax(1), 0.2),
    ],
    ids=["focal", "distillation", "contrast"],
)
def test_gradcheck_in_double_precision(function):
    logits, target = batch(3)
    x = torch.tensor(logits, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: function(x, torch.tensor(target)), (x,))


def test_tempered_softmax_sums_to_one_far_out():
    logits = torch.tensor([[80.0, -90.0, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    for t in (1.0, 1.05, 1.5, 4.0):
        np.testing.assert_allclose(tempered_softmax(logits, t).sum(1), 1, atol=1e-6)


def test_supcon_against_loops():
    rng = np.random.default_rng(1)
    features, label = rng.normal(size=(6, 3)), np.array([0, 1, 0, 2, 1, 0])
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    rows = []
    for i in range(6):
        partners = [p for p in range(6) if p != i and label[p] == label[i]]
        below = sum(math.exp(unit[i] @ unit[a] / 0.1) for a in range(6) if a != i)
        if partners:
            rows.append(-np.mean([math.log(math.exp(unit[i] @ unit[p] / 0.1) / below) for p in partners]))
    assert len(rows) == 5
    found = supervised_contrast(torch.tensor(features), torch.tensor(label), 0.1)
    assert found.item() == pytest.approx(np.mean(rows))


def test_distillation_against_loops():
    logits, _ = batch(2)
    teacher = np.array([softmax(row) for row in batch(9)[0]])
    expected = []
    for row, wise in zip(logits, teacher, strict=True):
        soft = [p ** (1 / 3) for p in wise]
        soft = [p / sum(soft) for p in soft]
        student = softmax([x / 3 for x in row])
        expected.append(9 * sum(p * math.log(p / q) for p, q in zip(soft, student, strict=True)))
    np.testing.assert_allclose(distillation(torch.tensor(logits), torch.tensor(teacher), 3.0), expected)
