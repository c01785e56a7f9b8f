"""Class frequencies of the test rows, estimated without labels, and whether probabilities are corrected for them."""

from __future__ import annotations

from typing import Literal

from sketchfit.runs.artefact import Artefact, Numbers
from sketchfit.runs.estimates import Difference
from sketchfit.wording import p_statement


class EstimatedFrequencies(Artefact):
    """Class frequencies of the test rows; see `inference.class_frequencies`.

    Attributes:
        rows: test rows that they are estimated from.
        training: C numbers, of the training rows; they sum to 1.
        test: C numbers, estimated; they sum to 1.
        low, high: C numbers each, 95 % intervals of `test`.
        p_value: of no difference.
        differs: the p-value shows a difference.
        setting: `inference.prior` of the recipe.
        other_confidence: by how much test rows are more confident than class frequencies explain, where that is clear
            and large: then their drawings differ, and the estimate is not valid. None otherwise.
        gain: in accuracy by a correction, on out-of-fold rows resampled to `test`; None where it was not measured.
        weight: C numbers by which test probabilities were multiplied; None where they are unchanged.
    """

    PLACE = "ensemble/class_frequencies.json"
    rows: int
    training: Numbers
    test: Numbers
    low: Numbers
    high: Numbers
    p_value: float
    differs: bool
    setting: Literal["keep", "auto", "correct"]
    other_confidence: float | None = None
    gain: Difference | None = None
    weight: Numbers | None = None

    @property
    def corrected(self) -> bool:
        """Whether the run's test probabilities are corrected."""
        return self.weight is not None

    def __str__(self) -> str:
        """The decision on a correction and its reason, in one line."""
        outcome = "test probabilities are corrected" if self.corrected else "test probabilities are unchanged"
        chance = f"{p_statement(self.p_value)}, n = {self.rows:,}"
        if not self.differs:
            return f"class frequencies on test: no difference from training is shown ({chance}); {outcome}"
        start = f"class frequencies on test: they differ from training ({chance}); {outcome}"
        if self.other_confidence is not None:
            return (
                f"{start}: the mean confidence differs by {100 * self.other_confidence:+.1f} points from what class "
                "frequencies explain, so the drawings themselves differ"
            )
        if self.gain is None:
            return start
        measured = f"{self.gain.points}, n = {self.gain.n:,}"
        return f"{start}: on out-of-fold rows resampled to these frequencies the gain of a correction is {measured}"
