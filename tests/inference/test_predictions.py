"""Runs that can't be combined are refused, with every reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketchfit.errors import UserError
from sketchfit.inference.predictions import align_runs, check_compatible
from sketchfit.runs.probabilities import Probabilities, write_probabilities
from sketchfit.runs.run import Run
from sketchfit.runs.table import RunTable

TABLE = RunTable(Path("data"), Path("data"), "table-1", ("ant", "bee", "cat"), (1, 2, 3), ())


def made(rows: int = 6) -> Probabilities:
    prob = np.random.default_rng(0).dirichlet(np.ones(3), rows).astype(np.float32)
    return Probabilities(np.arange(rows) * 2, prob)


def with_value(value: float) -> Probabilities:
    prob = made().prob.copy()
    prob[2, 1] = value
    return Probabilities(made().row, prob)


MIXED_UP = {
    "table": (replace(TABLE, table_id="table-2"), made(), "b and a were made on different tables"),
    "class order": (replace(TABLE, class_names=("bee", "ant", "cat")), made(), "same classes in another order"),
    "classes": (replace(TABLE, class_names=("ant", "bee", "dog")), made(), "different classes: cat, dog"),
    "rows missing": (TABLE, made(4), "b lacks 2 rows that a has, the first is row 8"),
    "rows surplus": (TABLE, made(8), "a lacks 2 rows that b has, the first is row 12"),
    "rows twice": (TABLE, replace(made(), row=np.array([0, 2, 4, 6, 8, 8])), "b: 1 row occurs more than once"),
    "nan": (TABLE, with_value(np.nan), "b: 1 row with NaN or infinite probabilities: row 4"),
    "negative": (TABLE, with_value(-0.1), "b: 1 row with negative probabilities: row 4"),
    "sum": (TABLE, with_value(0.9), "b: 1 row with probabilities that do not sum to 1: row 4"),
}


@pytest.mark.parametrize("kind", MIXED_UP)
def test_mixed_up_inputs_are_refused_with_the_reason(kind: str) -> None:
    table, part, words = MIXED_UP[kind]
    with pytest.raises(UserError, match=words):
        check_compatible({"a": (TABLE, made()), "b": (table, part)})


def test_all_reasons_are_given_at_once() -> None:
    other = replace(TABLE, table_id="table-2", class_names=("bee", "ant", "cat"))
    with pytest.raises(UserError) as refused:
        check_compatible({"a": (TABLE, made()), "b": (other, made(4))})
    assert len(refused.value.problems) == 3
    with pytest.raises(UserError):
        check_compatible({})


@pytest.mark.parametrize("split", ["oof", "test"])
def test_rows_in_another_order_are_aligned(old: Path, split: str) -> None:
    first, other = Run.open(old / "run"), Run.open(old / "both")
    part = first.oof() if split == "oof" else first.test()
    order = np.random.default_rng(1).permutation(len(part))
    write_probabilities(old / "both" / "ensemble" / f"{split}.npz", part.row[order], part.prob[order])
    row, (one, two) = align_runs({"a": first, "b": other}, "oof" if split == "oof" else "test")
    assert row.tolist() == list(range(len(part)))
    assert np.array_equal(one, part.prob)
    assert np.array_equal(two, part.prob)


def test_rows_may_be_missing_by_folds_only() -> None:
    fold = np.arange(12) // 6  # of rows 0 … 11; the members have the even ones
    folds = {"a": fold, "b": fold}
    check_compatible({"a": (TABLE, made()), "b": (TABLE, made(3))}, folds)
    with pytest.raises(UserError, match="b lacks 1 row that a has, the first is row 10"):
        check_compatible({"a": (TABLE, made()), "b": (TABLE, made(5))}, folds)
