"""Class frequencies of the test rows, estimated without labels, and whether probabilities are corrected for them."""

from __future__ import annotations

from typing import Literal

from sketchfit.runs.artefact import Artefact, Numbers
from sketchfit.runs.estimates import Difference
from sketchfit.wording import loss_change, p_statement


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
        gain: in accuracy by a correction, on out-of-fold rows resampled to `test`, or by the matching; None where
            it was not measured, or where the matching is not used.
        log_loss_gain: in log-loss by the matching, positive is better; None where it is not used.
        weight: C numbers by which test probabilities were multiplied; None where they are unchanged.
        matched: these bring the mean prediction closer to the training frequencies, as no difference is shown.
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
    log_loss_gain: Difference | None = None
    weight: Numbers | None = None
    matched: bool = False

    @property
    def corrected(self) -> bool:
        """Whether the run's test probabilities are corrected."""
        return self.weight is not None

    def __str__(self) -> str:
        """The decision on a correction and its reason, in one line."""
        changed = "matched to training frequencies" if self.matched else "corrected"
        outcome = f"test probabilities are {changed if self.corrected else 'unchanged'}"
        chance = f"{p_statement(self.p_value)}, n = {self.rows:,}"
        if not self.differs:
            measured = self._matching if self.matched else ""
            return f"class frequencies on test: no difference from training is shown ({chance}); {outcome}{measured}"
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

    @property
    def _matching(self) -> str:
        """What was measured of the matching."""
        texts = []
        if (loss := self.log_loss_gain) is not None:
            texts.append(f"log-loss {loss_change(loss.value, loss.low, loss.high)}")
        if self.gain is not None:
            texts.append(f"top-1 {self.gain.points}")
        return f": on out-of-fold rows {', '.join(texts)}" if texts else ""
