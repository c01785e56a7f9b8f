"""What was measured out of fold before it was used for test rows, and whether it is used."""

from __future__ import annotations

from typing import Literal

from sketchfit.runs.artefact import Artefact, ArtefactPart
from sketchfit.runs.estimates import Difference
from sketchfit.wording import higher_or_lower, loss_change


class MeasuredChoice(ArtefactPart):
    """A change of the predictions, measured on out-of-fold rows that it was not fitted on.

    Attributes:
        name: of the change, such as `calibration by temperature`.
        measure: `accuracy` (top-1) or `log-loss` (nats).
        before, after: without the change and with it; None where only the gain was measured.
        gain: of the change on the same rows; positive is better, also for log-loss.
        needs: the condition: `not worse`, an estimate of at least 0; `better`, an interval above 0.
        forced: the recipe uses it in any case.
        used: whether it is used.
    """

    name: str
    measure: Literal["accuracy", "log-loss"]
    before: float | None = None
    after: float | None = None
    gain: Difference
    needs: Literal["not worse", "better"]
    forced: bool = False
    used: bool

    def __str__(self) -> str:
        """In one line, for logs."""
        outcome = "used" if self.used else "not used"
        return f"{self.name}: {outcome}{', as the recipe forces it' if self.forced else ''}; {self.figures}"

    @property
    def figures(self) -> str:
        """The change of the figure with its interval, and the figure with the change and without it."""
        gain = self.gain
        if self.measure == "accuracy":
            text = f"top-1 {higher_or_lower(gain.value)} ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
            both = [f"{100 * one:.1f} %" for one in (self.after, self.before) if one is not None]
        else:
            text = f"log-loss {loss_change(gain.value, gain.low, gain.high)}"
            both = [f"{one:.3f}" for one in (self.after, self.before) if one is not None]
        return f"{text}, {' instead of '.join(both)}" if both else text


class Choices(Artefact):
    """All choices of a run, in the order of its steps."""

    PLACE = "ensemble/choices.json"
    choices: tuple[MeasuredChoice, ...]
