"""What the rules of the section "Next" read, and what they return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sketchfit.inference.intervals import Difference
from sketchfit.reporting.run.slices import Slice


@dataclass(frozen=True)
class Advice:
    """One recommendation: what was found, what to set, and the rule behind it."""

    title: str
    evidence: str
    setting: str
    advice: str
    rule: str


@dataclass(frozen=True)
class Findings:
    """The inputs of the rules.

    Attributes:
        accuracy: out-of-fold top-1.
        train_accuracy, before_last_valid, last_valid: means over networks of the last training accuracy, the last but
            one validation accuracy, and the last one; None where unknown.
        ece, temperature: of the probabilities as they are.
        slices: all that were compared.
        changes: difference of accuracy per change of the input, by name.
        doubtful, labels: number of doubtful labels, and of all labels.
        smallest_class, largest_class: drawings.
        contradiction: claim and estimate without labels in words, where they disagree; else None.
        drifted: whether traits separate test from training drawings.
        separated: related keys that the folds do not keep together.
        lowest, guessing: lower end of the interval of `accuracy`; accuracy of always predicting the largest class.
        directed: classes that a flip from left to right changes, with the class that they become.
    """

    accuracy: float
    train_accuracy: float | None
    before_last_valid: float | None
    last_valid: float | None
    ece: float
    temperature: float
    slices: Sequence[Slice]
    changes: Mapping[str, Difference]
    doubtful: int
    labels: int
    smallest_class: int
    largest_class: int
    contradiction: str | None = None
    drifted: bool = False
    separated: Sequence[str] = ()
    lowest: float = 1.0
    guessing: float = 0.0
    directed: Sequence[str] = ()
