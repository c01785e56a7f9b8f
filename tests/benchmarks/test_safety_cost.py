"""The share of checksums and locks: every function is found and timed, and calls within others count once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.case import Case
from benchmarks.process import call_in_process
from benchmarks.safety_cost import PARTS, Timed, lines


def test_a_call_within_another_counts_once_and_results_come_back() -> None:
    part = Timed()
    calls = SimpleNamespace(inner=lambda value: value + 1)
    inner = part.wrap(calls.inner)
    outer = part.wrap(lambda value: 10 * inner(value))
    assert outer(1) == 20
    assert part.calls == 1
    assert inner(4) == 5
    assert part.calls == 2
    assert part.seconds > 0


def test_an_error_comes_through_and_is_counted() -> None:
    part = Timed()

    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        part.wrap(fails)()
    assert part.calls == 1


def test_rows_have_shares_of_the_run() -> None:
    found = {"value": 10.0} | {f"{name} s": 0.05 for name in PARTS} | {f"{name} calls": 3.0 for name in PARTS}
    assert lines("a run", found)[0] == "| a run, 10.0 s | checksums | 3 | 50.0 | 0.50 |"
    assert len(lines("a run", found)) == len(PARTS)


@pytest.mark.slow
def test_a_run_computes_checksums_and_takes_locks(drawn: Path, tiny_file: Path, tmp_path: Path) -> None:
    case = Case(str(drawn), str(drawn), "", str(tmp_path), threads=1)
    arguments = {"out": str(tmp_path / "run"), "recipe": str(tiny_file), "settings": [f"data.cache={tmp_path / 'c'}"]}
    found = call_in_process(case, "benchmarks.safety_cost:one_run", arguments)
    assert found["checksums calls"] > 5
    assert found["locks calls"] > 1
    assert found["flushes to disk calls"] > 10
