from __future__ import annotations

from sketchfit.reporting.run.advice.recommendation import ExpectedGain, phrase


def test_a_gain_and_a_bound() -> None:
    assert str(ExpectedGain(0.019, 0.009, 0.028, "why")) == "+1.9 points (+0.9 to +2.8): why"
    bound = ExpectedGain(0.021, 0.008, 0.035, "if all is well", most=True)
    assert str(bound).startswith("at most 2.1 points, if all is well")
    assert bound.rank == 0.00525


def test_parts_of_a_phrase_are_text() -> None:
    assert phrase("`a={x}` <{x}>", x="<`b`>") == "<code>a=&lt;`b`&gt;</code> &lt;&lt;`b`&gt;&gt;"
