"""The stages after the last answer: which have time, and what is left out."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sketchfit.config.load import load_recipe
from sketchfit.planning.deadline import WorkingTime
from sketchfit.planning.draft import DraftBook
from sketchfit.runs.artefacts import PlanAnswer
from sketchfit.runs.estimates import Estimate
from sketchfit.stages.planned.last import CLAIM, REPORT, last_stages, late_line, limited_claim, plan_last

OTHER = "something else is left out"


def _planned(folder: Path, seconds: float) -> tuple[set[str], tuple[str, ...]]:
    """Plan the last stages after a request that left them out; return their names, and what is left out now."""
    book = DraftBook(seconds, folder)
    book.change(left_out=(OTHER, CLAIM.left_out, REPORT.left_out))
    counts = SimpleNamespace(images=1000)
    context = SimpleNamespace(recipe=load_recipe("cpu"))
    work = cast(Any, SimpleNamespace(counts=counts, context=context, book=book, reserve=lambda: 0.0))
    return {one.time for one in plan_last(work)}, book.plan.left_out


def test_a_further_request_decides_again_what_is_left_out(tmp_path: Path):
    assert _planned(tmp_path, 36_000.0) == ({"claim", "report"}, (OTHER,))
    assert _planned(tmp_path, 30.0) == (set(), (OTHER, CLAIM.left_out, REPORT.left_out))


@pytest.mark.parametrize(
    ("now", "answers", "expected"),
    [
        (59.0, (20.0,), ""),
        (75.0, (70.0,), "ended 15 s late, because the first answer took 70 s"),
        (75.0, (20.0, 74.0), "ended 15 s late"),
    ],
)
def test_a_run_states_that_it_has_ended_late(tmp_path: Path, now: float, answers: tuple[float, ...], expected: str):
    book = DraftBook(60.0, tmp_path)
    top1 = Estimate(0.5, 0.4, 0.6, 10)
    book.change(answers=tuple(PlanAnswer(at=at, top1=top1, networks=1, members=("a",)) for at in answers))
    book.deadline = WorkingTime(60.0, 0.0, 0.0, lambda: now)
    assert late_line(book) == expected


@pytest.mark.parametrize("reports", [True, False])
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (3000.0, lambda others, reserve: 0.955 * 7200 - 3000 - others),  # much is left until the planned end
        (0.955 * 7200, lambda others, reserve: reserve),  # the planned end is there
        (0.985 * 7200 - 30.0, lambda others, reserve: max(0.0, 30.0 - others)),  # the report comes first
        (7300.0, lambda others, reserve: 0.0),
    ],
)
def test_simulated_shifts_leave_the_report_its_time(tmp_path: Path, now: float, expected: Any, reports: bool):
    images = 6000
    book = DraftBook(7200.0, tmp_path)
    book.deadline = WorkingTime(7200.0, 0.0, 0.0, lambda: now)
    work = cast(Any, SimpleNamespace(counts=SimpleNamespace(images=images), book=book))
    planned, reporting = last_stages(load_recipe("cpu", {"claim": {"simulated": 300}}))
    found = limited_claim(work, planned, reporting if reports else None)
    others = CLAIM.seconds(images) + reports * reporting.seconds(images)
    reserve = planned.seconds(images) - CLAIM.seconds(images)
    assert reserve == pytest.approx(51.0)
    assert cast(Any, found.stage).keywords["seconds"] == pytest.approx(expected(others, reserve))
    assert found.seconds(images) == CLAIM.seconds(images), "without shifts there is time for it as in a short run"
