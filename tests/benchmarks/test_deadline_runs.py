"""Benchmarks of runs with a deadline: what is seen of a process, and how tables count."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import anytime, deadlines
from benchmarks.timed_run import Disturbance, Watched, busy_core, watch, why_invalid

FOREVER = "import time\nwhile True: time.sleep(0.01)"


def script(folder: Path, *lines: str) -> list[str]:
    path = folder / "program.py"
    path.write_text("\n".join(lines), encoding="utf-8")
    return [sys.executable, str(path)]


def watched(folder: Path, command: list[str], seconds: float = 60.0, change: Disturbance | None = None) -> Watched:
    return watch(command, folder, folder / "log.txt", seconds, folder / "cache", change)


def test_the_end_the_output_and_the_first_submission_are_seen(tmp_path: Path) -> None:
    command = script(tmp_path, f"open({str(tmp_path / 'submission.csv')!r}, 'w').close()", "print('done')", "exit(3)")
    seen = watched(tmp_path, command)
    assert seen.status == 3
    assert seen.first_submission is not None
    assert seen.first_submission <= seen.seconds
    assert (tmp_path / "log.txt").read_text() == "done\n"


def test_a_run_is_killed_at_its_moment_or_when_it_is_much_too_late(tmp_path: Path) -> None:
    command = script(tmp_path, FOREVER)
    for seconds, change in ((60.0, Disturbance(kill_at=0.2)), (0.1, None)):
        seen = watched(tmp_path, command, seconds, change)
        assert seen.status == -9
        assert seen.first_submission is None


def test_the_other_process_ends_with_the_run(tmp_path: Path) -> None:
    assert watched(tmp_path, script(tmp_path, "pass"), change=Disturbance(load_at=0.0)).status == 0
    with busy_core():
        pass


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("ID,target\n0,1\n1,0\n", ""),
        ("ID,target\n1,1\n0,0\n", "other rows"),
        ("ID,target\n0,1\n", "other rows"),
        ("ID,label\n0,1\n1,0\n", "columns"),
        ("ID,target\n0,1\n1,2\n", "no class"),
    ],
)
def test_submissions_have_the_rows_of_the_sample_and_classes(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "sample.csv").write_text("ID,target\n0,0\n1,0\n", encoding="utf-8")
    assert "none" in why_invalid(tmp_path / "submission.csv", tmp_path / "sample.csv", 2)
    (tmp_path / "submission.csv").write_text(content, encoding="utf-8")
    found = why_invalid(tmp_path / "submission.csv", tmp_path / "sample.csv", 2)
    assert reason in found
    assert bool(reason) == bool(found)


def test_moments_are_repeatable_and_inside_the_run() -> None:
    moments = [deadlines.moment(180.0, kind, number) for kind in ("loaded", "killed") for number in range(20)]
    assert moments == [deadlines.moment(180.0, kind, number) for kind in ("loaded", "killed") for number in range(20)]
    assert len(set(moments)) == 40
    assert 9 <= min(moments) < max(moments) <= 153


def test_only_finished_networks_are_compared(tmp_path: Path) -> None:
    for fold, value in enumerate((0.25, 0.75)):
        place = tmp_path / "members" / "a" / f"fold{fold}"
        place.mkdir(parents=True)
        np.savez(place / "oof.npz", row=np.arange(3), prob=np.full((3, 2), value))
    (tmp_path / "members" / "a" / "fold0" / "done.json").write_text("{}")
    before = deadlines.digests(tmp_path)
    assert list(before) == ["a/fold0"]
    np.savez(tmp_path / "members" / "a" / "fold0" / "oof.npz", row=np.arange(3), prob=np.full((3, 2), 0.5))
    assert deadlines.digests(tmp_path) != before


def test_the_table_of_deadlines_counts_by_time_and_kind() -> None:
    runs = [
        deadlines.Outcome(180.0, "quiet", 0, None, 0.9, 0.1),
        deadlines.Outcome(180.0, "quiet", 1, None, 1.03, 0.2, "exit status 1"),
        deadlines.Outcome(180.0, "killed", 0, 20.0, 0.99, None, kept=5, changed=1),
    ]
    lines = deadlines.table(runs)
    assert lines[2] == "| 180 s | quiet | 2 | 1 | 0.965 (0.900–1.030) | 1 of 2 | 1 | 20 % | – |"
    assert lines[3] == "| 180 s | killed | 1 | 1 | 0.990 (0.990–0.990) | 1 of 1 | 0 | none | 5, 1 |"
    assert "exit status 1" in lines[-1]


def test_the_table_of_times_has_a_line_per_run() -> None:
    point = anytime.Point(
        60.0, 57.0, 9.0, 0.3, 10, 2, (0.4, 0.38, 0.42), None, (0.45, 0.43, 0.47), 1200
    )  # fmt: skip
    assert anytime.table([point])[2] == (
        "| 60 s | 57 s (0.950) | 9 s (15 %) | 10 of 2 members | 40.0 (38.0–42.0) | – | 45.0 (43.0–47.0) | 1,200 | 0.3 |"
    )


def test_finished_runs_are_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = deadlines.Study(tmp_path, tmp_path)
    known = deadlines.Outcome(180.0, "quiet", 0, None, 0.9, 0.1)
    calls: list[str] = []

    def whole(*_: object) -> deadlines.Outcome:
        calls.append("run")
        return known

    monkeypatch.setattr(deadlines, "_whole", whole)
    assert [deadlines.measure(study, 180.0, "quiet", 0) for _ in range(2)] == [known, known]
    assert calls == ["run"]
