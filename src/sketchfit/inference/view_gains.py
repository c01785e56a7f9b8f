"""What a test-time view gains, when that is enough to use it, and the verdict in words."""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.runs.artefacts import TriedView
from sketchfit.wording import loss_change, p_statement

ALPHA = 0.05
"""Level of the tests of a view, divided by the number of views."""


@dataclass(frozen=True)
class PairedGain:
    """Gain of one prediction over another on the same rows.

    Attributes:
        accuracy: in accuracy.
        log_loss: by how much the log-loss is lower, each side at its best temperature; None where it was not measured.
    """

    accuracy: Difference
    log_loss: Difference | None

    def more_accurate(self, tried: int = 1) -> bool:
        """Return whether the accuracy is shown to be higher, where so many views were tried."""
        return _shown(self.accuracy, tried)

    def supports(self, tried: int = 1) -> bool:
        """Return whether the accuracy is shown to be higher, or the log-loss to be lower and the accuracy is not lower.

        Args:
            tried: number of views; the p-value has to be at most `ALPHA` divided by it.
        """
        lower_loss = self.log_loss is not None and _shown(self.log_loss, tried)
        return self.more_accurate(tried) or (lower_loss and self.accuracy.value >= 0)

    @property
    def size(self) -> tuple[float, float]:
        """The gain in accuracy, then that in log-loss: a larger one is a better view."""
        return self.accuracy.value, 0.0 if self.log_loss is None else self.log_loss.value


@dataclass(frozen=True)
class ViewGain:
    """What one view gains.

    Attributes:
        name: of the view.
        alone: its own accuracy.
        beside_base: gain in accuracy of the base and this view over the base; negative if the view hurts.
        beside_chosen: gain in accuracy over the views that were chosen when it was last tried.
        kept: whether it was chosen.
        loss_beside_base, loss_beside_chosen: by how much the log-loss is lower, in nats, each side at its best
            temperature; None where views vote: shares of votes are no probabilities.
    """

    name: str
    alone: Estimate
    beside_base: Difference
    beside_chosen: Difference
    kept: bool
    loss_beside_base: Difference | None = None
    loss_beside_chosen: Difference | None = None


def view_verdict(view: ViewGain | TriedView, tried: int) -> str:
    """Return whether a view is kept, or why not, in words.

    Args:
        view: with its gains.
        tried: number of views, which its p-value has to allow for.
    """
    with_base = PairedGain(view.beside_base, view.loss_beside_base)
    with_chosen = PairedGain(view.beside_chosen, view.loss_beside_chosen)
    if view.kept:
        by_loss = with_chosen.supports(tried) and not with_chosen.more_accurate(tried)
        return "kept, since log-loss is lower and accuracy is not" if by_loss else "kept"
    if with_base.accuracy.hurts:
        return "makes predictions worse"
    if not with_base.supports():
        lower_loss = with_base.log_loss is not None and with_base.log_loss.helps
        return "lowers log-loss, but accuracy too" if lower_loss else "no gain is shown"
    if with_chosen.supports(tried):
        return "the chosen views are less accurate where they are chosen on other folds"
    if with_chosen.supports():
        return f"the gain may be chance: with {tried} views tried, p ≤ {ALPHA / tried:.2g} is needed"
    return "adds nothing to the views that are kept"


def loss_statement(gain: Difference) -> str:
    """Return the change of the log-loss with each side at its best temperature, in words."""
    return (
        f"log-loss at the best temperature {loss_change(gain.value, gain.low, gain.high)}, {p_statement(gain.p_value)}"
    )


def _shown(gain: Difference, tried: int) -> bool:
    return gain.helps and gain.p_value <= ALPHA / tried
