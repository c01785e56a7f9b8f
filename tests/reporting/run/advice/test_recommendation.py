from __future__ import annotations

from sketchfit.reporting.run.advice.recommendation import ExpectedGain, phrase


def test_a_gain_and_a_bound() -> None:
    assert str(ExpectedGain(0.019, 0.009, 0.028, "")) == "+1.9 points (+0.9 to +2.8)"
    bound = ExpectedGain(0.021, 0.008, 0.035, "", most=True)
    assert str(bound) == "at most 2.1 points (0.8 to 3.5)"
    assert bound.rank == 0.0105


def test_parts_of_a_phrase_are_text() -> None:
    assert phrase("`a={x}` <{x}>", x="<`b`>") == "<code>a=&lt;`b`&gt;</code> &lt;&lt;`b`&gt;&gt;"
