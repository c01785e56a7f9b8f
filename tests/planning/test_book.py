from __future__ import annotations

from pathlib import Path

from sketchfit.planning.book import PlanBook
from sketchfit.planning.deadline import WorkingTime
from sketchfit.runs.artefacts import PlannedUnit, RunPlan


def _book(folder: Path) -> PlanBook:
    return PlanBook(folder, RunPlan(seconds=100.0), WorkingTime(100.0, 0.0, 0.0, lambda: 7.0))


def test_a_member_is_forgotten_with_the_last_of_its_units(tmp_path: Path):
    book = _book(tmp_path)
    units = [PlannedUnit(key=f"net/fold{fold}", kind="network", member="net", fold=fold) for fold in (0, 1)]
    first, second = book.begin(units, {"net": {"seed": 1}}, "both")
    book.drop(first, "late", 5.0)
    book.forget_unused()
    assert RunPlan.read(tmp_path).members == {"net": {"seed": 1}}, "its other network is still trained"
    book.drop(second, "late", 5.0)
    book.forget_unused()
    assert RunPlan.read(tmp_path).members == {}


def test_units_that_begin_together_are_one_decision(tmp_path: Path):
    book = _book(tmp_path)
    units = [PlannedUnit(key=name, kind="network", member=name, fold=0) for name in ("a", "b")]
    started = book.begin(units, {"a": {}, "b": {}}, "both")
    plan = RunPlan.read(tmp_path)
    assert plan.units == started
    assert {(unit.status, unit.started_at) for unit in started} == {("started", 7.0)}
    assert [one.text for one in plan.decisions] == ["both"]
