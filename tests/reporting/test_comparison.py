from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from sketchfit.commands.compare import compare
from sketchfit.errors import UserError
from sketchfit.reporting.comparison import align, compare_with_first, differing_settings
from sketchfit.reporting.evidence import read_evidence
from tests.factories import make_claim


def test_differences_are_paired_and_counted(make_run: Callable[..., Path], tmp_path: Path) -> None:
    runs = [make_run("a", 0), make_run("b", 1)]
    a, b = (read_evidence(run) for run in runs)
    (found,) = compare(runs, tmp_path / "page.html")
    gained, lost = int((~a.correct & b.correct).sum()), int((a.correct & ~b.correct).sum())
    assert (len(found.gained), len(found.lost)) == (gained, lost)
    assert found.top1.value == pytest.approx(b.correct.mean() - a.correct.mean())
    assert found.mcnemar == pytest.approx(binomtest(gained, gained + lost).pvalue)
    assert sum(one.net for one in found.classes) == gained - lost
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "https://" not in page
    assert page.count('class="card ') == gained + lost


def test_claims_of_both_runs_are_shown(
    make_run: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, page = [make_run("a", 0), make_run("b", 1)], tmp_path / "page.html"
    compare(runs, page)
    assert "claim" not in page.read_text(encoding="utf-8")
    make_claim(alarm=True).write(runs[1])
    compare(runs, page)
    assert "67.0 % (55.0–78.0)" in page.read_text(encoding="utf-8")
    first, second = [line for line in capsys.readouterr().out.splitlines() if line[:3] in ("a: ", "b: ")][-2:]
    assert "claim" not in first
    assert "67.0 % (55.0–78.0)" in second


def test_rows_are_matched_by_drawing_and_not_by_number(make_run: Callable[..., Path]) -> None:
    runs = [make_run("a", 0), make_run("b", 0)]
    table = pd.read_parquet(runs[1] / "folds.parquet")
    order = np.random.default_rng(0).permutation(len(table))
    shuffled = table.iloc[order].assign(row=np.arange(len(table)))
    shuffled.to_parquet(runs[1] / "folds.parquet")
    with np.load(runs[1] / "ensemble" / "oof.npz") as file:
        prob = file["prob"][order]
    np.savez(runs[1] / "ensemble" / "oof.npz", row=np.arange(len(prob))[:90], prob=prob[:90])
    aligned = align([read_evidence(run) for run in runs])
    assert len(aligned.label) == 90
    (found,) = compare_with_first(aligned)
    assert len(found.gained) == len(found.lost) == 0
    assert found.log_loss.value == pytest.approx(0)


def test_settings_that_differ_are_named(make_run: Callable[..., Path]) -> None:
    runs = [make_run("a"), make_run("b")]
    recipe = runs[1] / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("seed: 0", "seed: 7", 1))
    assert differing_settings([read_evidence(run) for run in runs]) == [("seed", ["0", "7"])]


def test_runs_with_different_classes_are_refused(make_run: Callable[..., Path], tmp_path: Path) -> None:
    runs = [make_run("a"), make_run("b")]
    state = runs[1] / "state.json"
    state.write_text(state.read_text().replace("class <0>", "another"))
    with pytest.raises(UserError, match="different classes"):
        compare(runs, tmp_path / "page.html")
