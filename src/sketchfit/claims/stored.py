"""The model of an estimate without labels as it is stored in a run's folder, and back."""

from __future__ import annotations

import numpy as np

from sketchfit.claims.correction import Correction, SimulatedShift
from sketchfit.claims.label_free import LabelFreeModel
from sketchfit.claims.signals import FoldsReference, Signals, UnitReference
from sketchfit.claims.thresholds import Threshold
from sketchfit.inference.arrays import Floats
from sketchfit.runs.artefacts import LabelFreeRecord, ShiftRecord, ThresholdRecord, UnitRecord

_DIGITS = 6
"""Of class frequencies: they are the largest part of the file."""


def to_record(model: LabelFreeModel) -> LabelFreeRecord:
    """Return what is stored; class frequencies are rounded."""
    correction, reference = model.correction, model.correction.reference
    simulated = () if correction.unchanged is None else (correction.unchanged, *correction.shifts)
    return LabelFreeRecord(
        temperature=reference.temperature,
        units=tuple(_unit_record(unit) for unit in reference.units),
        collision=reference.collision,
        frequencies=_numbers(reference.frequencies),
        reference_error=model.reference_error,
        design=model.design,
        shifts=tuple(_shift_record(one) for one in simulated),
    )


def from_record(record: LabelFreeRecord) -> LabelFreeModel:
    """Return the model that was stored."""
    units = tuple(_unit(unit) for unit in record.units)
    reference = FoldsReference(record.temperature, units, record.collision, np.array(record.frequencies))
    correction = Correction.of(reference, shifts_of(record))
    return LabelFreeModel(correction, record.reference_error, record.design)


def shifts_of(record: LabelFreeRecord) -> tuple[SimulatedShift, ...]:
    """Return the simulated shifts that were stored."""
    return tuple(
        SimulatedShift(
            one.kind,
            one.name,
            Signals(one.by_confidence, one.by_entropy, one.by_difference, one.collision, np.array(one.frequencies)),
            one.accuracy,
            one.rows,
        )
        for one in record.shifts
    )


def _unit_record(unit: UnitReference) -> UnitRecord:
    return UnitRecord(
        accuracy=unit.accuracy,
        confidence=unit.confidence,
        by_confidence=_threshold_record(unit.by_confidence),
        by_entropy=_threshold_record(unit.by_entropy),
        networks=unit.networks,
    )


def _unit(record: UnitRecord) -> UnitReference:
    thresholds = _threshold(record.by_confidence), _threshold(record.by_entropy)
    return UnitReference(record.accuracy, record.confidence, *thresholds, record.networks)


def _shift_record(shift: SimulatedShift) -> ShiftRecord:
    signals = shift.signals
    return ShiftRecord(
        kind=shift.kind,
        name=shift.name,
        accuracy=shift.accuracy,
        by_confidence=signals.by_confidence,
        by_entropy=signals.by_entropy,
        by_difference=signals.by_difference,
        collision=signals.collision,
        frequencies=_numbers(signals.frequencies),
        rows=shift.rows,
    )


def _threshold_record(threshold: Threshold) -> ThresholdRecord:
    return ThresholdRecord(score=threshold.score if np.isfinite(threshold.score) else None, counted=threshold.counted)


def _threshold(record: ThresholdRecord) -> Threshold:
    return Threshold(-np.inf if record.score is None else record.score, record.counted)


def _numbers(frequencies: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(np.round(line, _DIGITS).tolist()) for line in frequencies)
