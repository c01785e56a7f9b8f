"""The correction stage: unchanged bit for bit where nothing is shown, corrected where labels would confirm it."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from sketchfit.config.load import load_recipe
from sketchfit.data.folds import Fold
from sketchfit.inference import blocks
from sketchfit.inference.calibration import CalibrationReport, Temperature
from sketchfit.inference.ensembling.rule import Rule
from sketchfit.inference.intervals import Difference
from sketchfit.inference.oof import Predictions, Rows
from sketchfit.inference.prior_correction import reweighted
from sketchfit.runs.artefacts import EstimatedFrequencies, PseudoLabelRound
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.run import Run
from sketchfit.stages import prior as prior_stage
from sketchfit.stages.context import RunState
from sketchfit.stages.prior import FEWEST, correct_prior
from sketchfit.stages.products import Calibrated, Ensemble, MemberPredictions
from tests.inference.test_class_frequencies import SHIFTED, answers, sampled

SAME = np.full(5, 0.2)


def state_of(test: np.ndarray, skill: float = 1.0, unreadable: int = 0) -> RunState:
    label = np.arange(1500) % 5
    oof = answers(label, 5, skill, 0).astype(np.float32)
    predictions = Predictions(oof, test.astype(np.float32))
    rows = Rows(np.arange(1500), label, label % 3, None)
    report: Any = SimpleNamespace(spec=CalibrationReport)
    return RunState(
        rows=rows,
        predictions={"net": MemberPredictions(oof, oof, (predictions.test,), None, None, "net", (0,))},
        ensemble=Ensemble("mean", Rule(np.ones(1)), predictions, None, None),
        calibrated=Calibrated(predictions, Temperature(), report),
        unreadable_test={f"test/{k}.png": "truncated" for k in range(unreadable)},
    )


CLASSES = 12


def preferring(label: np.ndarray, seed: int) -> np.ndarray:
    """Return predictions of networks that prefer the last of `CLASSES` classes."""
    prob = answers(label, CLASSES, 1.5, seed).astype(np.float32)
    return np.asarray(reweighted(prob, np.exp(np.linspace(-1, 1, CLASSES))))


def preferring_state(test: np.ndarray, unreadable: int = 0) -> RunState:
    """Return a state by networks that prefer the last classes, with equally many training rows of each class."""
    label = np.arange(1500) % CLASSES
    predictions = Predictions(preferring(label, 0), test)
    found = state_of(test, unreadable=unreadable)
    assert found.ensemble is not None
    assert found.calibrated is not None
    member = MemberPredictions(predictions.oof, predictions.oof, (test,), None, None, "net", (0,))
    return replace(
        found,
        rows=Rows(np.arange(1500), label, label % 3, None),
        predictions={"net": member},
        ensemble=replace(found.ensemble, predictions=predictions),
        calibrated=replace(found.calibrated, predictions=predictions),
    )


def run_stage(state: RunState, prior: str = "auto", label: np.ndarray | None = None) -> RunState:
    assert state.calibrated is not None
    paths = tuple(f"test/{k}.png" for k in range(len(state.calibrated.predictions.test)))
    context: Any = SimpleNamespace(
        table=SimpleNamespace(test=SimpleNamespace(paths=paths), label=state.rows.label if label is None else label),
        recipe=load_recipe({"inference": {"prior": prior}}),
    )
    return correct_prior(context, state)


def on_test(state: RunState) -> np.ndarray:
    assert state.calibrated is not None
    return state.calibrated.predictions.test


def test_other_frequencies_are_corrected_and_it_helps() -> None:
    test, label = sampled(SHIFTED, 900, skill=1.0)
    before = state_of(test)
    after = run_stage(before)
    found = after.class_frequencies
    assert found is not None
    assert found.corrected
    assert found.differs
    assert found.gain is not None
    assert found.gain.helps
    assert (on_test(after).argmax(1) == label).mean() > (on_test(before).argmax(1) == label).mean() + 0.01
    np.testing.assert_allclose(on_test(after).sum(axis=1), 1, rtol=1e-5)
    assert on_test(after).dtype == np.float32
    assert after.calibrated is not None
    assert before.calibrated is not None
    assert after.calibrated.predictions.oof is before.calibrated.predictions.oof


@pytest.mark.parametrize("prior", ["auto", "keep"])
def test_equal_frequencies_leave_every_bit(prior: str) -> None:
    before = state_of(sampled(SAME, 400, skill=1.0)[0])
    after = run_stage(before, prior)
    assert after.calibrated is before.calibrated
    assert after.class_frequencies is not None
    assert not after.class_frequencies.corrected
    assert after.class_frequencies.gain is None


def test_keep_estimates_and_changes_nothing() -> None:
    before = state_of(sampled(SHIFTED, 900, skill=1.0)[0])
    after = run_stage(before, "keep")
    assert after.calibrated is before.calibrated
    assert after.class_frequencies is not None
    assert after.class_frequencies.differs
    assert after.class_frequencies.test[0] > 0.3


def test_networks_that_have_validated_no_scored_row_do_not_count() -> None:
    of_fold, of_other = sampled(SAME, 900, skill=1.0)[0], sampled(SHIFTED, 900, skill=1.0)[0]
    before = state_of((of_fold + of_other) / 2)
    member = replace(before.predictions["net"], test=(of_fold, of_other), folds=(2, 5))
    one_fold = replace(before, predictions={"net": member}, folds=(Fold(2, np.arange(0), np.arange(1500)),))
    found = run_stage(one_fold, "keep").class_frequencies
    assert found is not None
    assert not found.differs
    both_folds = replace(one_fold, folds=(*one_fold.folds, Fold(5, np.arange(0), np.arange(1500))))
    found = run_stage(both_folds, "keep").class_frequencies
    assert found is not None
    assert found.differs


def test_correct_needs_no_evidence() -> None:
    after = run_stage(state_of(sampled(SAME, 400, skill=1.0)[0]), "correct")
    assert after.class_frequencies is not None
    assert after.class_frequencies.corrected
    assert not after.class_frequencies.differs


def test_other_drawings_are_not_corrected() -> None:
    test, _ = sampled(SHIFTED, 900, skill=1.2)
    after = run_stage(state_of(test, skill=2.0))
    assert after.class_frequencies is not None
    assert after.class_frequencies.differs
    assert after.class_frequencies.other_confidence is not None
    assert not after.class_frequencies.corrected


def test_few_or_no_readable_test_rows() -> None:
    for test, unreadable in ((np.zeros((0, 5)), 0), (np.full((FEWEST + 2, 5), 0.2), 3)):
        before = state_of(test, unreadable=unreadable)
        assert run_stage(before, "correct") is before


def test_unreadable_rows_are_no_evidence() -> None:
    test, _ = sampled(SAME, 400, skill=1.0)
    lost = np.r_[np.tile([1.0, 0, 0, 0, 0], (100, 1)), test]
    found, without = (run_stage(state_of(*given)) for given in ((lost, 1.0, 100), (test, 1.0, 0)))
    assert found.class_frequencies == without.class_frequencies
    assert found.class_frequencies is not None
    assert found.class_frequencies.rows == 400


def test_the_record_is_read_as_written(tmp_path: Path) -> None:
    found = run_stage(state_of(sampled(SHIFTED, 900, skill=1.0)[0])).class_frequencies
    assert found is not None
    found.write(tmp_path)
    assert EstimatedFrequencies.read(tmp_path) == found
    assert Run(RunFolder(tmp_path)).class_frequencies == found
    assert Run(RunFolder(tmp_path / "empty")).class_frequencies is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"differs": False, "p_value": 0.4}, ["no difference", "p = 0.4", "unchanged"]),
        ({"other_confidence": -0.08}, ["-8.0 points", "the drawings themselves differ", "unchanged"]),
        ({"gain": Difference(0.02, 0.01, 0.03, 0.001, 500), "weight": (1.0, 1.0)}, ["+2.0 points", "are corrected"]),
        ({"gain": Difference(0.0, -0.01, 0.01, 0.9, 500)}, ["+0.0 points", "unchanged"]),
        (
            {
                "differs": False,
                "p_value": 0.4,
                "matched": True,
                "weight": (1.0, 1.0),
                "gain": Difference(-0.01, -0.02, 0.01, 0.3, 500),
                "log_loss_gain": Difference(0.05, 0.02, 0.08, 0.001, 500),
            },
            ["no difference", "matched", "0.050 lower (-0.080 to -0.020)", "-1.0 points"],
        ),
        ({"setting": "keep"}, ["p ≤ 0.001", "unchanged"]),
    ],
)
def test_one_line_names_the_decision_and_why(change: dict[str, Any], words: list[str]) -> None:
    half = (0.5, 0.5)
    base = EstimatedFrequencies(
        rows=100, training=half, test=half, low=half, high=half, p_value=0.0001, differs=True, setting="auto"
    )
    line = str(base.model_copy(update=change))
    assert line.count("p = ") + line.count("p ≤ ") == 1  # the gain has its interval
    assert "\n" not in line
    assert all(word in line for word in words)


def test_frequencies_of_too_many_classes_are_not_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    state = state_of(sampled(SHIFTED, 900, skill=1.0)[0])
    monkeypatch.setattr(prior_stage, "MOST_CLASSES", 4)
    assert run_stage(state) is state


def test_frequencies_are_not_estimated_from_rows_that_students_have_learnt(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    state = state_of(sampled(SHIFTED, 900, skill=1.0)[0])
    kept, dropped = (cast(PseudoLabelRound, SimpleNamespace(kept=kept)) for kept in (True, False))
    assert run_stage(replace(state, rounds=(dropped,))).class_frequencies is not None
    assert "not estimated" not in caplog.text
    students = replace(state, rounds=(kept, dropped))
    assert run_stage(students, "correct") is students
    assert "class frequencies on test: not estimated after pseudo-labels" in caplog.text


def test_of_many_rows_a_sample_gives_the_frequencies(monkeypatch: pytest.MonkeyPatch) -> None:
    state = state_of(sampled(SHIFTED, 900, skill=1.0)[0])
    every = run_stage(state).class_frequencies
    monkeypatch.setattr(blocks, "MOST_VALUES", 5 * 800)
    some = run_stage(state).class_frequencies
    assert every is not None
    assert some is not None
    assert (every.rows, some.rows) == (900, 800)
    np.testing.assert_allclose(some.test, every.test, atol=0.05)


def test_a_preference_for_classes_is_matched_and_it_helps() -> None:
    wanted = np.arange(900) % CLASSES
    before = preferring_state(preferring(wanted, 1))
    after, kept = run_stage(before), run_stage(before, "keep")
    found = after.class_frequencies
    assert found is not None
    assert not found.differs
    assert found.matched
    assert found.gain is not None
    assert found.gain.value > 0
    assert found.log_loss_gain is not None
    assert found.log_loss_gain.helps
    assert "matched" in str(found)
    assert [(one.measure, one.used) for one in after.choices] == [("log-loss", True)]
    assert (on_test(after).argmax(1) == wanted).mean() > (on_test(before).argmax(1) == wanted).mean() + 0.01
    assert kept.calibrated is before.calibrated
    assert kept.class_frequencies is not None
    assert not kept.class_frequencies.matched


def test_only_data_that_were_split_by_class_are_matched() -> None:
    """Further training rows, which were not held out, make the numbers per class uneven or even."""
    before = preferring_state(preferring(np.arange(900) % CLASSES, 1))
    for more, matched in (([0] * 50 + [3] * 50, False), (list(range(CLASSES)) * 8, True)):
        after = run_stage(before, label=np.r_[before.rows.label, more])
        assert after.class_frequencies is not None
        assert after.class_frequencies.matched is matched
        assert bool(after.choices) is matched


def test_test_rows_whose_numbers_per_class_differ_are_not_matched() -> None:
    """No difference is shown, but they were probably not split by class."""
    frequencies = np.linspace(0.85, 1.15, CLASSES)
    wanted = np.repeat(np.arange(CLASSES), np.round(40 * frequencies).astype(int))
    found = run_stage(preferring_state(preferring(wanted, 1))).class_frequencies
    assert found is not None
    assert not found.differs
    assert not found.matched


def test_the_target_is_the_frequencies_of_all_training_rows() -> None:
    """Only a part of them is held out, of which the numbers per class differ by chance."""
    before = preferring_state(preferring(np.arange(900) % CLASSES, 1))
    assert before.ensemble is not None
    assert before.calibrated is not None
    few = np.r_[np.arange(600), np.arange(600, 700)[before.rows.label[600:700] < 6]]
    predictions = Predictions(before.calibrated.predictions.oof[few], before.calibrated.predictions.test)
    part = replace(
        before,
        rows=Rows(few, before.rows.label[few], before.rows.fold[few], None),
        ensemble=replace(before.ensemble, predictions=predictions),
        calibrated=replace(before.calibrated, predictions=predictions),
    )
    after = run_stage(part, label=before.rows.label)
    assert after.class_frequencies is not None
    assert after.class_frequencies.matched
    np.testing.assert_allclose(on_test(after).mean(axis=0), 1 / CLASSES, atol=0.003)


def test_unreadable_rows_keep_the_training_frequencies() -> None:
    test = preferring(np.arange(900) % CLASSES, 1)
    before = preferring_state(np.r_[np.full((2, CLASSES), 1 / CLASSES, dtype=np.float32), test], unreadable=2)
    after, without = run_stage(before), run_stage(preferring_state(test))
    assert after.class_frequencies is not None
    assert after.class_frequencies.matched
    assert after.class_frequencies == without.class_frequencies
    np.testing.assert_array_equal(on_test(after)[:2], on_test(before)[:2])
    np.testing.assert_array_equal(on_test(after)[2:], on_test(without))
