"""The model of an estimate without labels, stored and read again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketchfit.claims.correction import SimulatedShift
from sketchfit.claims.label_free import LabelFreeModel
from sketchfit.claims.signals import FoldsReference
from sketchfit.claims.stored import from_record, to_record
from sketchfit.claims.unit import Answers
from sketchfit.runs.artefacts import LabelFreeRecord
from tests.claims.worlds import World


def model_of(answers: Answers) -> LabelFreeModel:
    reference = FoldsReference.of(answers)
    simulated = [
        SimulatedShift("", "unchanged", reference.signals([unit.oof[:50] for unit in answers.units]), 0.6),
        SimulatedShift("blur", "blur", reference.signals([unit.oof[50:90] for unit in answers.units]), 0.3),
    ]
    return LabelFreeModel.fit(answers, np.arange(1200) // 3, simulated)


def test_the_stored_model_estimates_the_same(tmp_path: Path) -> None:
    answers, _ = World().answers(seed=12)
    model = model_of(answers)
    to_record(model).write(tmp_path)
    read = from_record(LabelFreeRecord.read(tmp_path))
    tests = [unit.test for unit in answers.units]
    before, after = model.estimate(tests, answers.final), read.estimate(tests, answers.final)
    assert after.final.value == pytest.approx(before.final.value, abs=1e-4)
    assert after.final.low == pytest.approx(before.final.low, abs=1e-4)
    assert after.resembles is not None
    assert before.resembles is not None
    assert after.resembles[0] == before.resembles[0] == "blur"


def test_a_second_time_the_record_is_the_same() -> None:
    record = to_record(model_of(World().answers(seed=12)[0]))
    assert to_record(from_record(record)) == record


def test_thresholds_of_networks_that_are_always_right_are_stored(tmp_path: Path) -> None:
    answers, _ = World(classes=4).answers(seed=13, rows=60, test=50)
    units = tuple(replace(unit, label=unit.oof.argmax(axis=1)) for unit in answers.units)
    model = LabelFreeModel.fit(Answers(units, answers.final))
    to_record(model).write(tmp_path)
    read = from_record(LabelFreeRecord.read(tmp_path))
    assert read.correction.reference.units[0].by_confidence.score == -np.inf
    assert read.correction.reference.units == model.correction.reference.units
