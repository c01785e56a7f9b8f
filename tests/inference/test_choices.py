"""The condition under which a change of the predictions is used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.inference import metrics
from sketchfit.inference.choices import measured_choice, unless_worse
from sketchfit.inference.intervals import Difference
from sketchfit.inference.oof import Rows
from sketchfit.runs.artefacts import Choices

WORSE = Difference(-0.014, -0.02, -0.001, 0.03, 200)
UNCERTAIN = Difference(0.01, -0.01, 0.03, 0.4, 200)
BETTER = Difference(0.02, 0.01, 0.03, 0.004, 200)


@pytest.mark.parametrize(
    ("gain", "not_worse", "better"), [(WORSE, False, False), (UNCERTAIN, True, False), (BETTER, True, True)]
)
def test_what_each_condition_lets_through(gain: Difference, not_worse: bool, better: bool) -> None:
    assert measured_choice("a", gain, 0.6, needs="not worse").used == not_worse
    assert measured_choice("a", gain, 0.6, needs="better").used == better
    forced = measured_choice("a", gain, 0.6, needs="better", force=True)
    assert (forced.used, forced.forced) == (True, not better)


def test_an_equal_figure_is_not_worse_and_not_better() -> None:
    equal = Difference(0.0, 0.0, 0.0, 1.0, 5)
    assert measured_choice("a", equal, 0.6, needs="not worse").used
    assert not measured_choice("a", equal, 0.6, needs="better").used


def test_figures_with_and_without_the_change_and_one_gain() -> None:
    by_accuracy = measured_choice("ensemble by mean", WORSE, 0.665, needs="not worse")
    assert by_accuracy.after == pytest.approx(0.651)
    assert str(by_accuracy) == (
        "ensemble by mean: not used; top-1 1.4 points lower (-2.0 to -0.1), 65.1 % instead of 66.5 %"
    )
    loss = Difference(-0.057, -0.09, -0.02, 0.001, 200)
    by_loss = measured_choice("calibration by temperature", loss, 1.160, measure="log-loss", needs="not worse")
    assert str(by_loss) == (
        "calibration by temperature: not used; log-loss 0.057 higher (+0.020 to +0.090), 1.217 instead of 1.160"
    )
    unknown = measured_choice("correction", BETTER, None, needs="better")
    assert str(unknown) == "correction: used; top-1 2.0 points higher (+1.0 to +3.0)"


@given(st.integers(0, 2**31), st.booleans(), st.sampled_from(["accuracy", "log-loss"]))
def test_unless_worse_agrees_with_the_metrics(seed: int, related: bool, measure: str) -> None:
    rng = np.random.default_rng(seed)
    before, after = rng.dirichlet(np.ones(3), (2, 40)).astype(np.float32)
    label = rng.integers(0, 3, 40)
    rows = Rows(np.arange(40), label, np.arange(40) % 4, np.arange(40) // 2 if related else None)
    choice = unless_worse("a", rows, before, after, measure=measure)  # type: ignore[arg-type]
    if measure == "log-loss":
        known, found = metrics.log_loss(before, label), metrics.log_loss(after, label)
        assert choice.used == (found <= known + 1e-9)
    else:
        known, found = metrics.top_k_accuracy(before, label), metrics.top_k_accuracy(after, label)
        assert choice.used == (found >= known - 1e-9)
    assert (choice.before, choice.after) == pytest.approx((known, found))


def test_choices_are_read_as_they_were_written(tmp_path) -> None:  # type: ignore[no-untyped-def]
    written = Choices(choices=(measured_choice("a", WORSE, 0.6, needs="not worse"),))
    written.write(tmp_path)
    assert Choices.read(tmp_path).choices == written.choices
