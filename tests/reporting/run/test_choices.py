"""The table of what was measured before it was used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sketchfit.inference.calibration import reliability
from sketchfit.inference.choices import measured_choice
from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.reporting.kit.formats import points
from sketchfit.reporting.run.calibration_diagrams import calibration_diagrams
from sketchfit.reporting.run.choices import choice_lines
from sketchfit.reporting.run.run_report import write_report
from sketchfit.runs.artefacts import Calibration, Diagram, MemberViews, TriedView, Views
from tests.factories import make_choices


def test_lines_by_hand() -> None:
    students, ensemble, calibration = choice_lines(make_choices().choices)
    assert students.used == "yes, forced"
    assert (ensemble.without, ensemble.with_it, ensemble.used) == ("64.0 %", "66.6 %", "yes: better")
    assert ensemble.gain == "+2.6 points (+0.4 to +5.0)"
    assert (calibration.without, calibration.with_it) == ("log-loss 1.160", "log-loss 1.217")
    assert (calibration.gain, calibration.used) == ("−0.057 nats (−0.090 to −0.020)", "no: worse")


def test_what_is_used_without_being_better_is_not_worse() -> None:
    choice = measured_choice("calibration", Difference(0.001, -0.008, 0.009, 0.9, 80), 1.2, needs="not worse")
    assert choice_lines([choice])[0].used == "yes: not worse"


@pytest.mark.parametrize(
    ("beside_base", "beside_chosen", "reason"),
    [
        ((-0.03, -0.05, -0.01), (-0.03, -0.05, -0.01), "worse"),
        ((0.01, -0.01, 0.03), (0.01, -0.01, 0.03), "no gain is shown"),
        ((0.02, 0.01, 0.03), (0.0, -0.01, 0.01), "adds nothing"),
        ((0.02, 0.01, 0.03), (0.02, 0.01, 0.03), "may be chance"),
    ],
)
def test_views_have_a_line_each(
    beside_base: tuple[float, float, float], beside_chosen: tuple[float, float, float], reason: str
) -> None:
    first, second = (Difference(*one, 0.04, 80) for one in (beside_base, beside_chosen))
    tried = {"alone": Estimate(0.6, 0.5, 0.7, 80), "beside_base": first, "beside_chosen": second}
    both = (TriedView(name="hflip", kept=False, **tried), TriedView(name="rotate15", kept=True, **tried))
    member = MemberViews(folder="one", names=("identity", "rotate15"), mode="mean-prob", tried=both)
    line, used = choice_lines([], Views(members={"one": member}))
    assert used.used == "yes"
    assert "hflip" in line.name
    assert line.used.startswith("no: ")
    assert reason in line.used
    assert line.gain.startswith(f"{points(beside_base[0])} points")


def test_a_view_that_is_used_for_its_log_loss_shows_it() -> None:
    accuracy, loss = Difference(0.002, -0.01, 0.014, 0.8, 80), Difference(0.034, 0.018, 0.05, 0.001, 80)
    view = TriedView(
        name="hflip",
        kept=True,
        alone=Estimate(0.6, 0.5, 0.7, 80),
        beside_base=accuracy,
        beside_chosen=accuracy,
        loss_beside_base=loss,
        loss_beside_chosen=loss,
    )
    member = MemberViews(folder="one", names=("identity", "hflip"), mode="mean-prob", tried=(view,))
    (line,) = choice_lines([], Views(members={"one": member}))
    assert line.gain == "+0.2 points (−1.0 to +1.4); log-loss +0.034 nats (+0.018 to +0.050)"
    assert line.used.startswith("yes")
    assert "log-loss is lower" in line.used
    assert "log-loss" in line.condition


def test_the_report_has_the_table(make_run: Callable[..., Path]) -> None:
    run = make_run(members=1)
    make_choices().write(run)
    page = write_report(run).read_text()
    assert "calibration by temperature" in page
    assert "−0.057 nats" in page


def record(method: str, temperature: float | None) -> Calibration:
    prob = np.array([[0.9, 0.1], [0.6, 0.4]], np.float32)
    found = reliability(prob, np.array([0, 1]))
    diagram = Diagram(
        confidence=tuple(found.confidence),
        accuracy=tuple(found.accuracy),
        low=tuple(found.low),
        high=tuple(found.high),
        count=tuple(found.count.tolist()),
    )
    figures = dict.fromkeys(("ece_before", "ece_after", "ece_fitted", "log_loss_before", "log_loss_after"), 0.05)
    return Calibration.model_validate(
        {"method": method, "temperature": temperature, "reliability_before": diagram, "reliability_after": diagram}
        | figures
    )


@pytest.mark.parametrize(
    ("method", "temperature", "names"),
    [
        ("none", 1.0, ["without calibration"]),
        ("temperature", 1.5, ["before calibration", "calibrated: temperature 1.50"]),
        ("vector", None, ["before calibration", "calibrated: vector scaling"]),
    ],
)
def test_the_diagrams_are_those_of_the_calibration_that_is_used(
    method: str, temperature: float | None, names: list[str]
) -> None:
    prob, label = np.array([[0.8, 0.2], [0.7, 0.3]], np.float32), np.array([0, 1])
    diagrams, text = calibration_diagrams(record(method, temperature), prob, label)
    assert list(diagrams) == names
    np.testing.assert_array_equal(diagrams[names[-1]].confidence, reliability(prob, label).confidence)
    assert ("No calibration" in text) == (method == "none")


def test_a_run_without_a_record_has_one_diagram() -> None:
    assert len(calibration_diagrams(None, np.eye(2, dtype=np.float32), np.array([0, 1]))[0]) == 1


def test_related_rows_widen_the_intervals_of_the_diagram() -> None:
    prob, label = np.tile(np.array([[0.8, 0.2]], np.float32), (80, 1)), np.arange(80) // 4 % 2
    (alone,) = calibration_diagrams(None, prob, label)[0].values()
    (together,) = calibration_diagrams(None, prob, label, np.arange(80) // 4)[0].values()
    assert (together.high - together.low > alone.high - alone.low).all()
