"""`sketchfit compare`: names, base, claims, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sketchfit.api.compare import compare
from sketchfit.errors import UserError
from sketchfit.reporting.evidence import read_evidence
from tests.factories import Cli, make_claim, write_run

MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    return lambda name, seed=0: write_run(tmp_path / name, tmp_path / "data", seed)


def test_differences_are_paired_and_counted(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run("a", 0), make_run("b", 1)]
    a, b = (read_evidence(run) for run in runs)
    (found,) = compare(runs, tmp_path / "page.html").differences
    gained, lost = int((~a.correct & b.correct).sum()), int((a.correct & ~b.correct).sum())
    assert (len(found.gained), len(found.lost)) == (gained, lost)
    assert found.top1.value == pytest.approx(b.correct.mean() - a.correct.mean())
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "https://" not in page
    assert page.count('data-right="') == gained + lost
    assert "top-5" in page


def test_top_5_of_few_classes_is_left_out(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / str(seed), tmp_path / "data", seed, classes=5) for seed in range(2)]
    compare(runs, tmp_path / "page.html")
    assert "top-5" not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_claims_of_both_runs_are_shown(make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs, page = [make_run("a", 0), make_run("b", 1)], tmp_path / "page.html"
    compare(runs, page)
    assert ">claim</th>" not in page.read_text(encoding="utf-8")
    make_claim(alarm=True).write(runs[1])
    compare(runs, page)
    assert ">claim</th>" in page.read_text(encoding="utf-8")
    assert "67.0 % (55.0–78.0)" in page.read_text(encoding="utf-8")
    first, second = [line for line in capsys.readouterr().out.splitlines() if line[:3] in ("a: ", "b: ")][-2:]
    assert "claim" not in first
    assert "67.0 % (55.0–78.0)" in second


def test_names_and_base_of_the_command(make_run: MakeRun, tmp_path: Path, cli: Cli) -> None:
    runs = [make_run(name, seed) for seed, name in enumerate("abc")]
    page = tmp_path / "page.html"
    arguments = ["compare", *runs, "--names", "small, large ,<b>", "--base", "large", "--out", page]
    status, out, errors = cli(*arguments)
    assert status == 0, errors
    lines = [line for line in out.splitlines() if " against large: " in line]
    assert [line.split(" against ")[0] for line in lines] == ["small", "<b>"]
    assert "<b>:" not in page.read_text(encoding="utf-8")


def test_a_wrong_name_is_refused_before_anything_is_written(make_run: MakeRun, tmp_path: Path, cli: Cli) -> None:
    runs = [make_run("a"), make_run("b")]
    for wrong in (["--names", "one"], ["--names", "x,x"], ["--base", "c"]):
        status, _, errors = cli("compare", *runs, *wrong, "--out", tmp_path / "page.html")
        assert status != 0
        assert "name" in errors
    assert not (tmp_path / "page.html").exists()


def test_a_run_whose_networks_are_gone_is_compared_without_its_time(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare([make_run("a", 0), make_run("b", 1)], tmp_path / "page.html")
    notes = [line for line in capsys.readouterr().out.splitlines() if "not measured" in line]
    assert len(notes) == 2
    compare([tmp_path / "a", tmp_path / "b"], tmp_path / "page.html", timed=False)
    assert "not measured" not in capsys.readouterr().out
    assert "per image were measured" not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_time_per_image_is_shown(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketchfit.inference.speed._seconds", lambda _, pictures: 0.003 * len(pictures))
    compare([plain, plain], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '<td class="n" data-v="6.0">6</td>' in page
    assert "per image were measured" in page


def test_runs_with_different_classes_are_refused(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run("a"), make_run("b")]
    state = runs[1] / "state.json"
    state.write_text(state.read_text().replace("class <0>", "another"))
    with pytest.raises(UserError, match="different classes"):
        compare(runs, tmp_path / "page.html")
