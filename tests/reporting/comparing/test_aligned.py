from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sketchfit.errors import UserError
from sketchfit.reporting.comparing.aligned import align, find_base
from sketchfit.reporting.comparing.paired import PairedRuns
from sketchfit.reporting.evidence import read_evidence


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
    (found,) = PairedRuns.of(aligned).against(0)
    assert len(found.gained) == len(found.lost) == 0
    assert found.log_loss.value == pytest.approx(0)


def test_runs_are_named_by_their_folders_or_by_the_user(make_run: Callable[..., Path], tmp_path: Path) -> None:
    a, b = (read_evidence(make_run(name)) for name in ("a", "b"))
    same = read_evidence(make_run("other/a"))
    assert align([a, b, same]).names == ("a (1)", "b", "a (2)")
    assert align([a, b, same], ["before", "after", "again"]).names == ("before", "after", "again")


@pytest.mark.parametrize("names", [["one"], ["one", "one"], ["one", ""], ["one", "two", "three"]])
def test_names_that_do_not_fit_are_refused(make_run: Callable[..., Path], names: list[str]) -> None:
    run = read_evidence(make_run())
    with pytest.raises(UserError, match="name"):
        align([run, run], names)


def test_the_base_is_found_by_name() -> None:
    assert find_base(["x", "y"], None) == 0
    assert find_base(["x", "y"], "y") == 1
    with pytest.raises(UserError, match="z"):
        find_base(["x", "y"], "z")
