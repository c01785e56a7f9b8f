"""Schedules against timm's and torch's, and against figures worked out by hand."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from sketchfit._timm import timm
from sketchfit.config.schedule import ScheduleName, ScheduleSection
from sketchfit.training.schedules import Plateau, apply_lr, lr_factor, warmup_steps

TOTAL, EPOCH = 120, 12
NAMES = ScheduleName.__args__


def sgd(lr: float = 1.0) -> torch.optim.SGD:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def curve(section: ScheduleSection, drops=()) -> list[float]:
    return [lr_factor(section, step, TOTAL, EPOCH, drops) for step in range(TOTAL)]


def timms(make) -> list[float]:
    """timm's rates: the first as constructed, then `step_update` with the count of updates made."""
    optimizer = sgd()
    schedule = make(optimizer)
    rates = [optimizer.param_groups[0]["lr"]]
    for done in range(1, TOTAL):
        schedule.step_update(done)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


@pytest.mark.parametrize("warmup", [0, 24])
def test_cosine_is_timms(warmup):
    section = ScheduleSection(min_factor=0.02, warmup=warmup, warmup_unit="steps", warmup_start=0.1)
    expected = timms(
        lambda o: timm.scheduler.CosineLRScheduler(
            o, TOTAL - warmup, 0.02, warmup_t=warmup, warmup_lr_init=0.1, warmup_prefix=True, t_in_epochs=False
        )
    )
    assert curve(section) == pytest.approx(expected)


@pytest.mark.parametrize("power", [1.0, 0.9, 2.0])
def test_polynomial_is_timms(power):
    section = ScheduleSection(name="polynomial", min_factor=0.05, power=power, warmup=2, warmup_start=0)
    expected = timms(
        lambda o: timm.scheduler.PolyLRScheduler(
            o, TOTAL - 24, power, 0.05, warmup_t=24, warmup_lr_init=0, warmup_prefix=True, t_in_epochs=False
        )
    )
    assert curve(section) == pytest.approx(expected)
    if power == 1:
        assert curve(ScheduleSection(name="linear", min_factor=0.05, warmup=2, warmup_start=0)) == pytest.approx(
            expected
        )


def test_step_and_multistep_are_timms():
    section = ScheduleSection(name="step", step_epochs=2.5, gamma=0.3, warmup=0.1, warmup_unit="share")
    expected = timms(
        lambda o: timm.scheduler.StepLRScheduler(
            o, 30, 0.3, warmup_t=12, warmup_lr_init=0.01, warmup_prefix=False, t_in_epochs=False
        )
    )
    assert curve(section) == pytest.approx(expected)
    found = curve(ScheduleSection(name="multistep", milestones=(0.5, 0.75), gamma=0.1))
    assert found == pytest.approx([1.0] * 60 + [0.1] * 30 + [0.01] * 30)


@pytest.mark.parametrize("rise", [0.3, 0.01, 0.9])
def test_onecycle_is_torchs(rise):
    section = ScheduleSection(name="onecycle", onecycle_rise=rise, onecycle_start=20, onecycle_end=1e3)
    optimizer = sgd()
    schedule = OneCycleLR(optimizer, 1.0, TOTAL, pct_start=rise, div_factor=20, final_div_factor=1e3)
    expected = []
    for _ in range(TOTAL):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
        if len(expected) == TOTAL - 1:
            expected.append(optimizer.param_groups[0]["lr"])
            break
    assert curve(section) == pytest.approx(expected, abs=1e-9)


def test_worked_out_cosine():
    section = ScheduleSection(min_factor=0.0, warmup=1, warmup_start=0.0)
    assert lr_factor(section, 0, 110, 10) == 0
    assert lr_factor(section, 5, 110, 10) == pytest.approx(0.5)
    assert lr_factor(section, 10, 110, 10) == 1
    assert lr_factor(section, 35, 110, 10) == pytest.approx(0.5 + math.sqrt(0.5) / 2)
    assert lr_factor(section, 60, 110, 10) == pytest.approx(0.5)


def test_constant_stays():
    assert curve(ScheduleSection(name="constant")) == [1.0] * TOTAL


def test_drops_hold_from_their_update_to_the_next():
    found = curve(ScheduleSection(name="constant", warmup=10, warmup_unit="steps"), [(0, 1.0), (40, 0.5), (80, 0.1)])
    assert found[10:40] == [1.0] * 30
    assert found[40:] == [0.5] * 40 + [0.1] * 40


@given(
    st.sampled_from(NAMES),
    st.integers(1, 300),
    st.integers(1, 40),
    st.sampled_from(["epochs", "steps", "share"]),
    st.floats(0, 3),
    st.floats(0, 1),
)
def test_factors_lie_in_0_to_1_and_fall_after_warmup(name, total, epoch, unit, warmup, minimum):
    section = ScheduleSection(name=name, warmup=warmup, warmup_unit=unit, min_factor=minimum)
    found = [lr_factor(section, step, total, epoch) for step in range(total)]
    assert all(0 <= factor <= 1 + 1e-9 for factor in found)
    after = found[warmup_steps(section, total, epoch) :]
    if name != "onecycle":
        assert all(a >= b for a, b in itertools.pairwise(after))
    assert lr_factor(section, total + 5, total, epoch) == found[-1]


def test_the_rate_does_fall_over_a_training():
    """A period counted in epochs but stepped by update (or the other way round) would fail here."""
    for name in ("cosine", "linear", "polynomial", "onecycle"):
        assert curve(ScheduleSection(name=name))[-1] < 0.03
    assert curve(ScheduleSection(name="step", step_epochs=3))[-1] == pytest.approx(1e-3)


def test_apply_lr_respects_scales():
    first, second = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(1))
    groups = [{"params": [first], "lr_scale": 0.25, "initial_lr": 0.2}, {"params": [second], "initial_lr": 0.2}]
    optimizer = torch.optim.SGD(groups, lr=9.0)
    for _ in range(2):  # applied twice, it is the same
        apply_lr(optimizer, 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.025, 0.1]


@pytest.mark.parametrize("larger", [True, False])
def test_plateau_is_torchs_and_resumes(larger):
    figures = [0.3, 0.5, 0.5, 0.50001, 0.49, 0.52, 0.51, 0.5, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.59, 0.1, 0.1, 0.1]
    section = ScheduleSection(name="plateau", gamma=0.5, plateau_patience=1, plateau_threshold=1e-3, min_factor=0.1)
    optimizer = sgd()
    theirs = ReduceLROnPlateau(optimizer, "max" if larger else "min", 0.5, 1, 1e-3, min_lr=0.1, eps=0)
    ours = Plateau.from_section(section, larger)
    for figure in figures:
        theirs.step(figure)
        scale = ours.update(figure)
        resumed = Plateau.from_section(section, larger)
        resumed.load_state_dict(ours.state_dict())
        ours = resumed
        assert scale == pytest.approx(optimizer.param_groups[0]["lr"])
    assert ours.scale < 1
