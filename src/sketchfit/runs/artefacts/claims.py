"""What a run claims for its answer to the test rows."""

from __future__ import annotations

from collections.abc import Iterator

from sketchfit.runs.artefact import Artefact, ArtefactPart
from sketchfit.runs.estimates import Estimate


class LabelFreeFigures(ArtefactPart):
    """The estimate of accuracy on the test rows from probabilities alone; see `claims.label_free`.

    Attributes:
        accuracy: of the answer that leaves the run.
        single: of a single network.
        thresholded, by_entropy, confidence: parts: average thresholded confidence and entropy, and difference of
            confidences, 0 … 1.
        agreement: share of the test rows on which two networks choose the same class; None for one network.
        resembles: the simulated shift that changes the answers most similarly; None where none is similar.
        simulated: training rows that were changed to simulate shifts, about; None in files of earlier versions.
        limited: whether the time of the run was too short for more of them.
    """

    accuracy: Estimate
    single: float
    thresholded: float
    by_entropy: float
    confidence: float
    agreement: float | None = None
    resembles: str | None = None
    simulated: int | None = None
    limited: bool = False


class ClaimRecord(Artefact):
    """The accuracy to expect on the test rows, and what it is made of; see `claims.claim`.

    Attributes:
        grouping: what the folds keep together, as in `folds.group`.
        out_of_fold: accuracy of single networks on the rows of their folds.
        expected: accuracy of the answer to the test rows, with corrections and their uncertainty.
        single, single_error: accuracy of a single network on rows of which no fold took groups away.
        slope, slope_error: of the learning curve: change of log-odds per unit of the logarithm of groups per class.
        groups_validated, groups_tested: geometric mean of the groups per class that a network had for validation rows,
            and that it has for test rows.
        averaging: gain of averaging the networks.
        frequencies: change by class frequencies of the test rows that differ from those of the training rows.
        known: gain of test rows whose group occurs in training although the folds keep it together; in `single`.
        test_rows: number of test rows.
        label_free: estimate on the test rows without labels; None without test rows.
        alarm: whether `expected` and `label_free` disagree by more than splits without shift show.
        causes: what may be the cause of an alarm, one sentence each.
    """

    PLACE = "ensemble/claim.json"
    grouping: str
    out_of_fold: Estimate
    expected: Estimate
    single: float
    single_error: float
    slope: float
    slope_error: float
    groups_validated: float
    groups_tested: float
    averaging: float
    frequencies: float = 0.0
    known: float = 0.0
    test_rows: int
    label_free: LabelFreeFigures | None = None
    alarm: bool = False
    causes: tuple[str, ...] = ()

    @property
    def by_groups(self) -> float:
        """Change by the groups per class that a network has for test rows."""
        return self.single - self.known - self.out_of_fold.value - self.frequencies

    def lines(self) -> Iterator[str]:
        """Yield what is claimed, one sentence per line, for logs and pages."""
        yield f"out of fold {percent(self.out_of_fold)}; claim for {self.rows} {percent(self.expected)}"
        steps = {
            "class frequencies": self.frequencies,
            "training drawings per class": self.by_groups,
            "test rows of known groups": self.known,
            "averaging the networks": self.averaging,
        }
        parts = [f"{100 * gain:+.1f} points for {what}" for what, gain in steps.items() if abs(gain) >= 5e-4]
        if parts:
            yield f"the claim is the out-of-fold figure {' and '.join(parts)}"
        if self.label_free is not None:
            yield f"estimated without labels for {self.rows}: {percent(self.label_free.accuracy)}"
        if self.alarm:
            causes = f": {'; '.join(self.causes)}" if self.causes else ""
            yield f"WARNING: the test rows disagree with the claim{causes}"

    @property
    def rows(self) -> str:
        """What the claim is for, in words."""
        return f"these {self.test_rows:,} test rows" if self.test_rows else "new rows"


def percent(figure: Estimate) -> str:
    """Return a figure with its interval: `54.1 % (48.0–60.0)`."""
    return f"{100 * figure.value:.1f} % ({100 * figure.low:.1f}–{100 * figure.high:.1f})"
