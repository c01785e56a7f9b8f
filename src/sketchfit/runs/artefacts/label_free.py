"""What an estimate of accuracy without labels needs to know of a run."""

from __future__ import annotations

from sketchfit.runs.artefact import Artefact, ArtefactPart, Numbers


class ThresholdRecord(ArtefactPart):
    """A threshold of a score; see `claims.thresholds.Threshold`. `score` is None where all rows are above it."""

    score: float | None
    counted: float


class UnitRecord(ArtefactPart):
    """A network, or the networks of a fold, on the rows of the fold; see `claims.signals.UnitReference`.

    Attributes:
        networks: numbers of the folds of its networks; empty in files of earlier versions.
    """

    accuracy: float
    confidence: float
    by_confidence: ThresholdRecord
    by_entropy: ThresholdRecord
    networks: tuple[int, ...] = ()


class ShiftRecord(ArtefactPart):
    """A simulated shift, or the unchanged rows where `kind` is empty; see `claims.correction.SimulatedShift`.

    Attributes:
        frequencies: mean probability of each class, for each unit.
        rows: that were changed; None in files of earlier versions.
    """

    kind: str
    name: str
    accuracy: float
    by_confidence: float
    by_entropy: float
    by_difference: float
    collision: float
    frequencies: tuple[Numbers, ...]
    rows: int | None = None


class LabelFreeRecord(Artefact):
    """Thresholds, class frequencies and simulated shifts; see `claims.label_free.LabelFreeModel`.

    Attributes:
        temperature: of all units.
        units: one per fold.
        collision: probability that two rows get the same class.
        frequencies: mean probability of each class out of fold, for each unit.
        reference_error: standard error of the out-of-fold accuracy.
        design: variance of an accuracy over that of as many independent rows.
        shifts: the unchanged rows first; empty where nothing was simulated.
        rows: training rows that were changed for them, about; None in files of earlier versions.
        limited: whether the time of the run was too short for as many rows as were wanted, or for any.
    """

    PLACE = "ensemble/label_free.json"
    temperature: float
    units: tuple[UnitRecord, ...]
    collision: float
    frequencies: tuple[Numbers, ...]
    reference_error: float
    design: float
    shifts: tuple[ShiftRecord, ...] = ()
    rows: int | None = None
    limited: bool = False
