"""EMA, SWA, soups and WiSE-FT by arithmetic."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sketchfit.config.averaging import AveragingSection
from sketchfit.models.averaging import EMA, SWA, greedy_soup, uniform_soup, weighted_mean, wise_ft


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def states_over_time(count: int) -> list[nn.Module]:
    """One model at several moments, running statistics and counters included."""
    generator = torch.Generator().manual_seed(0)
    model, moments = network(), []
    for _ in range(count):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
        model(torch.randn(8, 3, generator=generator))
        moments.append(copy.deepcopy(model))
    return moments


def floats(state) -> dict[str, np.ndarray]:
    return {name: value.double().numpy() for name, value in state.items() if value.is_floating_point()}


@pytest.mark.parametrize("warmup", [True, False])
def test_ema_against_slow_arithmetic(warmup):
    section = AveragingSection(ema_decay=0.7, ema_warmup=warmup, ema_warmup_power=0.75)
    moments = states_over_time(7)
    ema = EMA(moments[0], section)
    slow: dict[str, np.ndarray] = {}
    for number, model in enumerate(moments, 1):
        ema.update(model)
        decay = 0.0 if number == 1 else min(0.7, 1 - number**-0.75) if warmup else 0.7
        now = floats(model.state_dict())
        slow = {name: decay * slow.get(name, 0) + (1 - decay) * value for name, value in now.items()}
    found = ema.module.state_dict()
    for name, value in slow.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)
    assert "1.running_mean" in slow
    assert found["1.num_batches_tracked"] == moments[-1][1].num_batches_tracked == 7
    assert not ema.module.training


def test_ema_resumes_exactly():
    section = AveragingSection(ema_decay=0.9)
    moments = states_over_time(6)
    whole = EMA(moments[0], section)
    for model in moments:
        whole.update(model)
    first = EMA(moments[0], section)
    for model in moments[:3]:
        first.update(model)
    second = EMA(moments[5], section)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for model in moments[3:]:
        second.update(model)
    assert second.updates == 6
    for name, value in whole.module.state_dict().items():
        assert torch.equal(value, second.module.state_dict()[name]), name


def test_swa_is_the_mean_and_resumes():
    moments = states_over_time(5)
    swa = SWA()
    with pytest.raises(ValueError, match="averaged"):
        swa.average(moments[0])
    for model in moments:
        swa.update(model)
        resumed = SWA()
        resumed.load_state_dict(swa.state_dict())
        swa = resumed
    found = swa.average(moments[0])
    for name, value in floats(found).items():
        expected = np.mean([floats(model.state_dict())[name] for model in moments], axis=0)
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)
    assert found["1.num_batches_tracked"] == 5
    network().load_state_dict(found)


def test_swa_keeps_half_precision_digits():
    model = nn.Linear(1, 1, bias=False).to(torch.bfloat16)
    swa = SWA()
    for value in [256.0] * 300 + [258.0] * 300:
        model.weight.data.fill_(value)
        swa.update(model)
    assert swa.state_dict()["mean"]["weight"].item() == pytest.approx(257, abs=0.01)
    assert swa.average(model)["weight"].dtype == torch.bfloat16


def test_uniform_soup_is_the_mean():
    states = [model.state_dict() for model in states_over_time(3)]
    for name, value in floats(uniform_soup(states)).items():
        np.testing.assert_allclose(value, np.mean([floats(s)[name] for s in states], axis=0), rtol=1e-6, atol=1e-7)
    with pytest.raises(ValueError, match="states"):
        uniform_soup([])


def test_states_that_dont_fit_are_told():
    with pytest.raises(ValueError, match=r"state 1.*weight"):
        uniform_soup([nn.Linear(2, 2).state_dict(), nn.Linear(3, 2).state_dict()])
    with pytest.raises(ValueError, match="bias"):
        weighted_mean([nn.Linear(2, 2).state_dict(), nn.Linear(2, 2, bias=False).state_dict()], [0.5, 0.5])


def points(*values: float) -> list[dict[str, torch.Tensor]]:
    return [{"w": torch.tensor([value])} for value in values]


def test_greedy_soup_takes_what_helps():
    """Best is 0. Alone 1 is best; with -2 the mean is -0.5: better; with 3 it is 2/3: worse, left out."""
    calls = []

    def score(state):
        calls.append(state["w"].item())
        return -abs(state["w"].item())

    soup = greedy_soup(points(3.0, 1.0, -2.0), score)
    assert soup.members == (1, 2)
    assert soup.state["w"].item() == -0.5
    assert soup.score == -0.5
    assert len(calls) == 5


@given(st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=6))
def test_greedy_soup_is_never_worse_than_its_best_ingredient(values):
    soup = greedy_soup(points(*values), lambda state: -abs(state["w"].item()))
    assert soup.score >= max(-abs(value) for value in values)


def test_wise_ft_goes_from_one_to_the_other():
    zero, tuned = (model.state_dict() for model in states_over_time(2))
    for alpha in (0.0, 0.3, 1.0):
        for name, value in floats(wise_ft(zero, tuned, alpha)).items():
            expected = (1 - alpha) * floats(zero)[name] + alpha * floats(tuned)[name]
            np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-7)
    with pytest.raises(ValueError, match="alpha"):
        wise_ft(zero, tuned, 1.5)


def test_wise_ft_keeps_a_new_head():
    tuned = network().state_dict()
    zero = {name: torch.zeros_like(value) for name, value in tuned.items()}
    zero["2.weight"], _ = torch.zeros(9, 4), zero.pop("2.bias")
    mixed = wise_ft(zero, tuned, 0.5)
    assert list(mixed) == list(tuned)
    assert torch.equal(mixed["2.weight"], tuned["2.weight"])
    assert torch.equal(mixed["2.bias"], tuned["2.bias"])
    torch.testing.assert_close(mixed["0.weight"], tuned["0.weight"] / 2)


def _limited(value: float) -> nn.Module:
    """A layer with a limit that means "none", as in timm's Gemma."""
    model = nn.Linear(2, 1)
    nn.init.constant_(model.weight, value)
    model.register_buffer("limit", torch.tensor([-torch.inf, torch.inf, value]))
    return model


@pytest.mark.parametrize("kind", ["ema", "swa", "soup", "wise_ft"])
def test_limits_that_are_infinite_stay_so(kind):
    one, other = _limited(1.0), _limited(3.0)
    if kind == "ema":
        ema = EMA(one, AveragingSection(ema_decay=0.5, ema_warmup=False))
        ema.update(one)
        ema.update(other)
        found = ema.module.state_dict()
    elif kind == "swa":
        swa = SWA()
        swa.update(one)
        swa.update(other)
        found = swa.average(other)
    elif kind == "soup":
        found = uniform_soup([one.state_dict(), other.state_dict()])
    else:
        found = wise_ft(one.state_dict(), other.state_dict(), 1.0)
    assert found["limit"][:2].tolist() == [-torch.inf, torch.inf]
    expected = 3.0 if kind == "wise_ft" else 2.0
    assert found["weight"].tolist() == [[expected, expected]]


def test_a_weight_that_becomes_infinite_is_not_hidden():
    one, other = _limited(1.0), _limited(torch.inf)
    assert not uniform_soup([one.state_dict(), other.state_dict()])["weight"].isfinite().any()
