"""The probe against scikit-learn's logistic regression, which minimises the same thing in another way."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn import functional as F

from sketchfit._timm import timm
from sketchfit.config.head import HeadSection
from sketchfit.config.loss import LossSection
from sketchfit.config.probe import ProbeSection
from sketchfit.models.classifier import attach_head
from sketchfit.training.loss import Loss
from sketchfit.training.probe import fit_head


def blobs(rows: int = 120, features: int = 6, classes: int = 4):
    rng = np.random.default_rng(0)
    label = rng.integers(0, classes, rows)
    return rng.normal(size=(rows, features)) + 1.2 * rng.normal(size=(classes, features))[label], label


def test_it_is_scikit_learns_logistic_regression():
    features, label = blobs()
    expected = LogisticRegression(C=1 / (0.01 * len(label)), tol=1e-8, max_iter=1000).fit(features, label)
    head = nn.Linear(6, 4).double()
    target = F.one_hot(torch.tensor(label)).double()
    section = ProbeSection(l2=0.01, iterations=500)
    reached = fit_head(head, torch.tensor(features), target, F.cross_entropy, section)
    np.testing.assert_allclose(head.weight.detach(), expected.coef_, atol=1e-3)
    likelihood = expected.predict_log_proba(features)[np.arange(len(label)), label].mean()
    assert reached == pytest.approx(-likelihood + 0.005 * (expected.coef_**2).sum(), rel=1e-6)


@pytest.mark.parametrize("name", ["linear", "mlp", "cosine"])
def test_any_head_is_fitted_without_randomness(name):
    features, label = blobs(features=96)
    heads = []
    for _ in range(2):
        torch.manual_seed(0)
        model = timm.create_model("test_resnet", pretrained=False, num_classes=3)
        attach_head(model, HeadSection.model_validate({"name": name, "dropout": 0.5}), 4)
        inputs, target = torch.tensor(features).float(), F.one_hot(torch.tensor(label)).float()
        loss = Loss(LossSection.standard(), np.bincount(label))
        before = loss(model.fc.eval()(inputs), target).item()
        assert fit_head(model.fc.train(), inputs, target, loss, ProbeSection(iterations=20)) < 0.8 * before
        assert model.fc.training
        assert all(parameter.grad is None for parameter in model.parameters())
        heads.append(model.fc.state_dict())
    assert all(torch.equal(heads[0][entry], heads[1][entry]) for entry in heads[0])


def test_features_that_arent_finite_are_told():
    head = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="finite"):
        fit_head(head, torch.full((3, 2), torch.nan), torch.eye(2)[[0, 1, 0]], F.cross_entropy, ProbeSection())


def test_short_form():
    assert ProbeSection.model_validate(True).enabled


def test_directions_of_a_cosine_head_keep_their_lengths():
    features, label = blobs(features=96)
    model = timm.create_model("test_resnet", pretrained=False, num_classes=3)
    attach_head(model, HeadSection.model_validate({"name": "cosine"}), 4)
    before = model.fc.weight.detach().clone()
    inputs, target = torch.tensor(features).float(), F.one_hot(torch.tensor(label)).float()
    fit_head(model.fc, inputs, target, F.cross_entropy, ProbeSection(l2=1.0, iterations=50))
    assert not torch.allclose(model.fc.weight, before, rtol=0.1)
    torch.testing.assert_close(model.fc.weight.norm(dim=1), before.norm(dim=1))
