"""What a process of the tests calls."""

from __future__ import annotations

from benchmarks.case import Case
from benchmarks.measure import NotHere


def figures(case: Case, mood: str) -> dict[str, float]:
    if mood == "absent":
        raise NotHere("not installed")
    if mood == "broken":
        raise RuntimeError("no such luck")
    return {"value": case.threads + 0.5}
