from __future__ import annotations

from sketchfit.reporting.comparing.paired import PairedRuns
from sketchfit.reporting.comparing.summary import CHANCE, pair_verdict, summary
from tests.reporting.comparing.by_hand import by_hand

HALF = "1" * 100 + "0" * 100
BETTER = "1" * 160 + "0" * 40


def test_the_difference_of_two_runs_is_stated_with_its_interval() -> None:
    (text,) = summary(PairedRuns.of(by_hand(HALF, BETTER, names=("before", "after"))), 0)
    assert "after is 30.0 points higher than that of before" in text
    (text,) = summary(PairedRuns.of(by_hand(HALF, BETTER, names=("before", "after"))), 1)
    assert "before is 30.0 points lower than that of after" in text


def test_a_difference_that_may_be_none_is_stated_as_such() -> None:
    (text,) = summary(PairedRuns.of(by_hand("1010", "0101")), 0)
    assert text.startswith("No difference")
    assert "equal to" in text


def test_the_best_of_several_runs_is_named_with_those_that_it_beats() -> None:
    nearly = BETTER[1:] + "1"
    found = " ".join(summary(PairedRuns.of(by_hand(HALF, BETTER, nearly)), 0))
    assert "b has the highest accuracy, 80.0 %" in found
    assert "shown to be higher than a," in found
    assert "not shown to be higher than c." in found


def test_a_verdict_states_what_correction_leaves() -> None:
    one = PairedRuns.of(by_hand(HALF, BETTER)).compare(0, 1)
    assert pair_verdict(one, sure=True) == "higher"
    assert CHANCE in pair_verdict(one, sure=False)
    equal = PairedRuns.of(by_hand(HALF, HALF)).compare(0, 1)
    assert pair_verdict(equal, sure=False) == "no difference shown"
