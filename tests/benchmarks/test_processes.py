"""Candidates in processes of their own, on a data set that is drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.case import Case
from benchmarks.levels import LEVELS, POLICIES
from benchmarks.measure import NotHere
from benchmarks.measurements import ALL
from benchmarks.process import call_in_process
from sketchfit.config.transforms import TransformsSection
from sketchfit.transforms.augment import augment_for


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(data="data", fold_data="data", weights="weights", scratch=str(tmp_path), threads=1, counts=(10, 20))


def test_figures_absence_and_failure_come_back(case: Case) -> None:
    here = "tests.benchmarks.called:figures"
    assert call_in_process(case, here, {"mood": "well"}) == {"value": 1.5}
    with pytest.raises(NotHere, match="not installed"):
        call_in_process(case, here, {"mood": "absent"})
    with pytest.raises(RuntimeError, match="no such luck"):
        call_in_process(case, here, {"mood": "broken"})


def test_a_case_goes_to_a_process_and_back(case: Case) -> None:
    assert Case.from_json(case.to_json()) == case


def test_every_measurement_names_its_candidates_once_and_compares_with_one_of_them(case: Case) -> None:
    titles = []
    for make in ALL.values():
        for one in make(case):
            titles.append(one.title)
            names = [candidate.name for candidate in one.candidates]
            assert len(set(names)) == len(names)
            assert {one.subject, one.reference} - {None} <= set(names)
    assert len(set(titles)) == len(titles)


def test_a_second_training_in_one_process_is_measured_on_a_gpu(case: Case) -> None:
    names = {device: ALL["training"](replace(case, device=device))[0].candidates for device in ("cpu", "cuda")}
    (added,) = [one for one in names["cuda"] if one not in names["cpu"]]
    assert added.arguments == {"ema": False, "earlier": 1}


@pytest.mark.parametrize("level", LEVELS)
def test_the_levels_are_policies(level: str) -> None:
    image = np.full((146, 146, 3), 200, np.uint8)
    augment = augment_for(TransformsSection(policy=POLICIES[level]), 128, 0, 1)
    assert augment(image, np.full(3, 255, np.uint8), np.random.default_rng(0)).shape == (128, 128, 3)
