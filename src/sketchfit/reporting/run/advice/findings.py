"""What the rules of the section "Next" read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.reporting.run.compare_slices import Slice


@dataclass(frozen=True)
class TrainingCurve:
    """Accuracy of one network during its training.

    Attributes:
        epochs: number of epochs.
        train: last training accuracy; None where unknown.
        valid: (epoch, accuracy) per validation, ascending.
    """

    epochs: int
    train: float | None = None
    valid: Sequence[tuple[int, float]] = ()

    def at(self, epoch: float) -> float | None:
        """Validation accuracy at an epoch, between two validations by linear interpolation; None outside of them."""
        for (left, low), (right, high) in zip(self.valid, self.valid[1:], strict=False):
            if left <= epoch <= right:
                return low + (high - low) * (epoch - left) / (right - left)
        return None


@dataclass(frozen=True)
class NetworkAccuracy:
    """Accuracy of one network on the rows of its fold, without those of classes that it has not learnt.

    Attributes:
        name: `NAME/foldK`.
        accuracy: on these rows.
        units: number of independent rows that they are worth; None: their number.
        train: its last training accuracy; None where unknown.
    """

    name: str
    accuracy: Estimate
    units: float | None = None
    train: float | None = None


@dataclass(frozen=True)
class LearntRows:
    """Accuracy on the rows of classes that their networks have learnt, and that of always predicting the largest."""

    accuracy: Estimate
    guessing: float


@dataclass(frozen=True)
class ConfusedClasses:
    """Two classes that are confused with each other.

    Attributes:
        first, second: names.
        errors: drawings of one that are predicted as the other, of `drawings`.
        units: the same with related drawings once; None: as `errors`.
        chance: share of all errors that the sizes of the two classes give them; see `error_counts.ErrorCounts`.
    """

    first: str
    second: str
    errors: int
    drawings: int
    units: int | None = None
    chance: float = 0.0


@dataclass(frozen=True)
class Calibratable:
    """How confidence and accuracy relate.

    Attributes:
        ece, temperature: of the probabilities as they are, and the best temperature.
        log_loss: log-loss with a temperature that was fitted on other folds, minus that without, on the same rows.
    """

    ece: float
    temperature: float
    log_loss: Difference


@dataclass(frozen=True)
class LackingClasses:
    """Classes of which the network of a fold had no drawing, so that no answer to their drawings in it can be right.

    Attributes:
        names: of the classes.
        rows: such drawings.
        single: how many of the classes have one group of related drawings only.
    """

    names: Sequence[str] = ()
    rows: int = 0
    single: int = 0


@dataclass(frozen=True)
class AveragedNetworks:
    """What averaging the networks of the folds gains on the test rows.

    Attributes:
        count: number of folds with networks.
        gain: of their average over one of them; 0 where it was not measured.
        single: accuracy of one of them.
        repeats: networks per fold, of each member.
        members: number of members.
    """

    count: int = 1
    gain: float = 0.0
    single: float = 0.0
    repeats: int = 1
    members: int = 1


@dataclass(frozen=True)
class LeftOut:
    """What a run with a deadline had no time for.

    Attributes:
        units, planned: units of work that were left out, of all.
        fewer_errors: share of the errors that they were expected to avoid.
        seconds: the user's time.
    """

    units: int
    planned: int
    fewer_errors: float
    seconds: float


@dataclass(frozen=True)
class LearningSlope:
    """How accuracy grows with the groups per class.

    Attributes:
        single: accuracy of one network.
        slope, error: change of the log-odds of a right answer per unit of the logarithm of the groups, and its standard
            error.
    """

    single: float
    slope: float
    error: float


@dataclass(frozen=True)
class InvertedDrawings:
    """How many drawings of a split are light on dark, of how many."""

    count: int
    rows: int


@dataclass(frozen=True)
class Findings:
    """The inputs of the rules.

    Attributes:
        accuracy: out-of-fold top-1.
        guessing: accuracy of always predicting the largest class.
        curves: of all networks.
        networks: accuracy of each network.
        slices: all that were compared.
        folds: accuracy of each fold against the others.
        sizes: accuracy on drawings of small, medium and large classes against the others.
        changes: difference of accuracy per change of the input, by name.
        calibration: of the ensemble.
        doubtful, labels: number of labels that are probably wrong by the networks, and of all labels.
        copies: number of drawings whose near-duplicates have another label.
        wrong_labels: how many of both are expected to be wrong with the answer being right.
        class_count: number of classes.
        smallest_class, largest_class: drawings of the table.
        contradiction: claim and estimate without labels in words, where they disagree; else None.
        drifted: whether traits separate test from training drawings.
        separated: related keys that the folds do not keep together.
        turned: pairs of classes that a flip or turn changes into each other.
        pairs: the pairs of classes with most errors between them, the most first.
        wrong: all errors, those of related drawings between the same two classes once; None: not counted so.
        lacking: classes that the network of a fold lacked.
        learnt: accuracy on the rows of the other classes; None: as `accuracy`.
        averaged: the networks of the folds.
        learning: measured on this table; None where it was not.
        left_out: None for a run without a deadline, and where everything was done.
        unreadable, test_rows: test images that can't be read, of all.
        inverted: by split, `train` and `test`; empty where it was not measured.
    """

    accuracy: Estimate
    guessing: float
    calibration: Calibratable
    labels: int
    curves: Sequence[TrainingCurve] = ()
    networks: Sequence[NetworkAccuracy] = ()
    slices: Sequence[Slice] = ()
    folds: Sequence[Slice] = ()
    sizes: Sequence[Slice] = ()
    changes: Mapping[str, Difference] = field(default_factory=dict)
    doubtful: int = 0
    copies: int = 0
    wrong_labels: float = 0.0
    class_count: int = 2
    smallest_class: int = 1
    largest_class: int = 1
    contradiction: str | None = None
    drifted: bool = False
    separated: Sequence[str] = ()
    turned: Sequence[ConfusedClasses] = ()
    pairs: Sequence[ConfusedClasses] = ()
    wrong: int | None = None
    lacking: LackingClasses = LackingClasses()
    learnt: LearntRows | None = None
    averaged: AveragedNetworks = AveragedNetworks()
    learning: LearningSlope | None = None
    left_out: LeftOut | None = None
    unreadable: int = 0
    test_rows: int = 0
    inverted: Mapping[str, InvertedDrawings] = field(default_factory=dict)

    @property
    def judged(self) -> LearntRows | None:
        """What shows whether the networks learn; None where all drawings are of classes that their networks lacked."""
        if self.lacking.rows >= self.labels:
            return None
        return self.learnt or LearntRows(self.accuracy, self.guessing)

    @property
    def train_accuracy(self) -> float | None:
        """Mean of the last training accuracies; None where unknown."""
        known = [one.train for one in self.curves if one.train is not None]
        return sum(known) / len(known) if known else None
