"""The stages after the last answer: which have time, and what is left out."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sketchfit.config.load import load_recipe
from sketchfit.planning.draft import DraftBook
from sketchfit.stages.planned.last import CLAIM, REPORT, plan_last

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
