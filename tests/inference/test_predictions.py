"""Inputs that can't be combined are refused, with every reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketchfit.errors import UserError
from sketchfit.inference import predictions
from sketchfit.inference.predictions import Predictions, aligned, check_compatible, load, save


def made(name: str = "a", rows: int = 6) -> Predictions:
    rng = np.random.default_rng(0)
    prob = rng.dirichlet(np.ones(3), rows).astype(np.float32)
    row = np.arange(rows) * 2
    return Predictions(name, row, prob, ("ant", "bee", "cat"), "table-1", row % 3, row % 2)


def with_value(value: float) -> np.ndarray:
    prob = made().prob.copy()
    prob[2, 1] = value
    return prob


MIXED_UP = {
    "table": (replace(made("b"), table_id="table-2"), "b and a were made on different tables"),
    "class order": (replace(made("b"), class_names=("bee", "ant", "cat")), "same classes in another order"),
    "classes": (replace(made("b"), class_names=("ant", "bee", "dog")), "different classes: cat, dog"),
    "rows missing": (made("b", 4), "b lacks 2 rows that a has, the first is row 8"),
    "rows surplus": (made("b", 8), "a lacks 2 rows that b has, the first is row 12"),
    "rows twice": (replace(made("b"), row=np.array([0, 2, 4, 6, 8, 8])), "b: 1 rows occur more than once"),
    "nan": (replace(made("b"), prob=with_value(np.nan)), "b: 1 rows have NaN or infinite probabilities, rows 4"),
    "negative": (replace(made("b"), prob=with_value(-0.1)), "b: 1 rows have negative probabilities, rows 4"),
    "sum": (replace(made("b"), prob=with_value(0.9)), "b: the probabilities of 1 rows do not sum to 1, rows 4"),
    "labels": (replace(made("b"), label=np.zeros(6, dtype=int)), "b and a disagree on the labels of 4 rows"),
    "shape": (replace(made("b"), class_names=("ant", "bee")), "probabilities of shape"),
    "label count": (replace(made("b"), label=np.zeros(5, dtype=int)), "b: 5 labels for 6 rows"),
}


@pytest.mark.parametrize("kind", MIXED_UP)
def test_mixed_up_inputs_are_refused_with_the_reason(kind: str) -> None:
    other, words = MIXED_UP[kind]
    with pytest.raises(UserError, match=words):
        check_compatible([made(), other])


def test_all_reasons_are_given_at_once() -> None:
    other = replace(made("b", 4), table_id="table-2", class_names=("bee", "ant", "cat"))
    with pytest.raises(UserError) as refused:
        check_compatible([made(), other])
    assert len(refused.value.problems) == 3
    with pytest.raises(UserError, match="nothing"):
        check_compatible([])


def test_rows_in_another_order_are_aligned() -> None:
    first, order = made(), np.array([3, 0, 5, 1, 4, 2])
    other = first.take(first.row[order])
    assert other.row.tolist() == first.row[order].tolist()
    for member in aligned([other, first]):
        assert member.row.tolist() == [0, 2, 4, 6, 8, 10]
        assert (member.prob == first.prob).all()
        assert (member.label == first.label).all()


def test_saved_and_loaded_are_equal(tmp_path: Path) -> None:
    path, first = tmp_path / "oof.npz", made()
    save(path, first)
    with np.load(path) as file:
        assert {name: file[name].dtype.name for name in file} == {"row": "int64", "prob": "float32"}
    back = load(path, first.class_names, first.table_id, "a", label=np.arange(11) % 3, fold=np.arange(11) % 2)
    check_compatible([first, back])
    assert (back.prob == first.prob).all()
    assert (back.label == first.label).all()


def test_damaged_files_are_the_users_to_know_of(tmp_path: Path) -> None:
    path = tmp_path / "oof.npz"
    for content in (None, b"", b"no archive", b"PK\x03\x04half"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(UserError, match="holds no probabilities"):
            load(path, ("ant",), "t")
    np.savez(path, row=np.arange(3))
    with pytest.raises(UserError, match="holds no probabilities"):
        load(path, ("ant",), "t")
    np.savez(path, row=np.arange(3), prob=np.array([{}, {}, {}], dtype=object))
    with pytest.raises(UserError, match="holds no probabilities"):
        load(path, ("ant",), "t")
    save(path, made())
    with pytest.raises(UserError, match="row 10 has no label"):
        load(path, made().class_names, "t", label=np.zeros(5, dtype=int))
    with pytest.raises(UserError, match="probabilities of shape"):
        predictions.load(path, ("ant", "bee"), "t")
