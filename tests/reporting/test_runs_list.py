from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sketchfit.commands.runs import runs
from sketchfit.errors import UserError
from sketchfit.reporting.runs_list import COLUMNS, list_runs, sort_runs
from sketchfit.runs.estimates import Estimate
from tests.factories import make_claim, make_ensemble


def test_runs_are_listed_from_the_best(make_run: Callable[..., Path], tmp_path: Path) -> None:
    for seed, name in enumerate("abc"):
        make_run(name, seed)
    (tmp_path / "c" / "ensemble" / "oof.npz").unlink()
    lines = list_runs(tmp_path)
    assert lines[-1].name == "c"
    assert lines[0].top1 is not None
    assert lines[1].top1 is not None
    assert lines[0].top1.value >= lines[1].top1.value
    assert lines[0].rows == 120
    assert (lines[0].members, lines[0].networks) == (2, 4)
    assert lines[0].seconds == pytest.approx(50)
    assert [line.name for line in sort_runs(lines, "name")] == ["a", "b", "c"]


def test_claims_are_listed_and_sorted(
    make_run: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, name in enumerate("abc"):
        make_run(name, seed)
    make_claim().write(tmp_path / "b")
    make_claim(expected=Estimate(0.71, 0.6, 0.8, 30)).write(tmp_path / "c")
    assert [line.name for line in list_runs(tmp_path, "claim")] == ["c", "b", "a"]
    runs(tmp_path, "name")
    head, *lines = capsys.readouterr().out.splitlines()
    place = head.index("claim")
    assert [line[place:].split("  ")[0] for line in lines] == ["–", "67.0 % (55.0–78.0)", "71.0 % (60.0–80.0)"]


def test_unknown_columns_and_empty_folders_are_refused(make_run: Callable[..., Path], tmp_path: Path) -> None:
    make_run()
    for unknown in ("beauty", "damage"):
        with pytest.raises(UserError, match=f"'{unknown}'"):
            list_runs(tmp_path, unknown)
    with pytest.raises(UserError, match="holds no runs"):
        list_runs(tmp_path / "data")
    with pytest.raises(UserError, match="no folder"):
        list_runs(tmp_path / "nowhere")


def test_an_ensemble_has_the_networks_of_its_runs(make_run: Callable[..., Path], tmp_path: Path) -> None:
    make_ensemble(tmp_path / "both", {name: make_run(name) for name in "ab"})
    lines = {line.name: line for line in list_runs(tmp_path)}
    both = lines["both"]
    assert (both.members, both.networks, both.seconds) == (2, 8, 100)
    (tmp_path / "a").rename(tmp_path / "elsewhere")
    assert {line.name: line.seconds for line in list_runs(tmp_path)}["both"] is None


def test_runs_are_sorted_by_the_heads_of_the_table(
    make_run: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, name in enumerate("ab"):
        make_run(name, seed)
    lines = list_runs(tmp_path)
    for head, field in COLUMNS.items():
        assert sort_runs(lines, head) == sort_runs(lines, field)
    runs(tmp_path)
    assert set(COLUMNS) < set(capsys.readouterr().out.splitlines()[0].split())


def test_the_table_has_one_line_per_run(
    make_run: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, name in enumerate("ab"):
        make_run(name, seed)
    (tmp_path / "b" / "ensemble" / "oof.npz").unlink()
    runs(tmp_path, "name")
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["run", "when", "state", "backbone"]
    assert first.startswith("a ")
    assert " finished " in first
    assert " unfinished " in second


def test_a_damaged_run_does_not_hide_the_others(
    make_run: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, name in enumerate("ab"):
        make_run(name, seed)
    broken = next((tmp_path / "b").glob("members/*/*/done.json"))
    broken.write_text("{")
    first, second = list_runs(tmp_path, "name")
    assert (first.damage, second.top1) == ("", None)
    assert str(broken) in second.damage
    runs(tmp_path, "name")
    printed = capsys.readouterr().out
    assert "damaged" in printed.splitlines()[2]
    assert str(broken) in printed
