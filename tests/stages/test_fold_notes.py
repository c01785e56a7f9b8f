from __future__ import annotations

import logging

import cv2
import numpy as np
import pytest

from sketchfit.api.run import run
from sketchfit.config.load import load_recipe
from sketchfit.data.folds import folds_of
from sketchfit.errors import UserError
from sketchfit.runs.table import read_training_rows
from sketchfit.stages.fold_notes import fold_notes
from sketchfit.stages.split import make_folds
from tests.factories import make_table, tiny_recipe


def table_of(label, **columns):
    train = {f"train/{row}.png": number for row, number in enumerate(label)}
    return make_table(train=train, columns={name: np.array(values) for name, values in columns.items()})


def notes_of(label, fold, copies=None, **folds):
    table, assignment = table_of(label), np.array([fold])
    recipe = load_recipe(tiny_recipe({"folds": folds, "audit": {"enabled": copies is not None}}))
    group = None if copies is None else np.array(copies)
    return list(fold_notes(table, folds_of(assignment, np.arange(len(label))), assignment, group, recipe))


@pytest.mark.parametrize("folds", [{"group": "none"}, {"column": "fold"}])
def test_copies_in_different_folds_are_counted(folds):
    (note,) = notes_of([0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 0, 1], [5, 1, 5, 1, 5, 6], **folds)
    assert "3 pairs" in note
    assert "2 groups" in note


def test_copies_of_rows_that_are_never_validated_count_too():
    (note,) = notes_of([0, 1, 0, 1], [0, 0, -1, -1], [5, 1, 5, 2], column="fold")
    assert "1 pair " in note


def test_copies_in_one_fold_need_no_note():
    assert notes_of([0, 1, 0, 1], [0, 0, 1, 1], [5, 5, 6, 6], group="none") == []


def test_classes_that_a_training_lacks_are_named():
    first, second = notes_of([0, 1, 2, 1, 2, 2], [0, 0, 1, 1, 1, 1], [0, 1, 2, 3, 4, 5])
    assert first.startswith("fold 0")
    assert "c0" in first
    assert second.startswith("fold 1")
    assert "c2" in second


@pytest.mark.parametrize(("folds", "enough"), [({"k": 2}, True), ({"k": 3}, False)])
def test_fewer_groups_than_folds_are_refused(folds, enough):
    label, group = [0, 1] * 6, np.repeat([0, 1], 6)
    recipe = load_recipe(tiny_recipe({"folds": {"group": "drawer", **folds}}))
    arguments = (table_of(label), np.ones(12, bool), group, recipe)
    if enough:
        assert len(make_folds(*arguments)[0]) == recipe.folds.count
        return
    with pytest.raises(UserError, match="2 groups") as caught:
        make_folds(*arguments)
    assert "folds.k=2" in caught.value.hint


def write_table(data, rows):
    """Write squares of different sizes, one per row, and a table; returns the table's path."""
    (data / "train").mkdir(parents=True)
    names = list(rows[0])
    lines = [",".join(["image_path", *names])]
    for number, row in enumerate(rows):
        image = np.full((48, 48), 255, np.uint8)
        cv2.rectangle(image, (4, 4), (10 + number, 20 + (number * 7) % 20), (0.0,), 1 + number % 3)
        cv2.imwrite(str(data / "train" / f"{number}.png"), image)
        lines.append(",".join([f"train/{number}.png", *(row[name] for name in names)]))
    (data / "train.csv").write_text("\n".join(lines))
    return data / "train.csv"


def test_empty_groups_are_rows_of_their_own(tmp_path):
    cells = ["a", "a", "", "b", "b", "", "NA", "c", "", "c", "d", "d"]
    rows = [{"label": "xy"[number % 2], "drawer": cell} for number, cell in enumerate(cells)]
    table = write_table(tmp_path / "data", rows)
    run(table, tiny_recipe({"folds": {"group": "drawer"}}), out=tmp_path / "run")
    group = read_training_rows(tmp_path / "run" / "folds.parquet").group
    alone = [row for row, cell in enumerate(cells) if cell in ("", "NA")]
    assert len({group[row] for row in alone}) == len(alone)
    assert group[0] == group[1] != group[3] == group[4]


def test_fold_minus_one_is_trained_on_and_never_validated(tmp_path, caplog):
    fold = ["0", "0", "1", "1", "-1", "-1", "0.0", "1.0", "-1.0", "0", "1", "-1"]
    rows = [{"label": "xy"[number // 2 % 2], "fold": cell} for number, cell in enumerate(fold)]
    table = write_table(tmp_path / "data", rows)
    with caplog.at_level(logging.INFO):
        result = run(table, tiny_recipe({"folds": {"column": "fold"}}), out=tmp_path / "run")
    assert result.top1.n == 8
    assert read_training_rows(tmp_path / "run" / "folds.parquet").fold.tolist() == [
        {"0": 0, "1": 1, "-1": -1}[cell.removesuffix(".0")] for cell in fold
    ]


def test_one_group_to_validate_on_is_refused():
    with pytest.raises(UserError, match="related") as caught:
        assigned([0, 1] * 6, np.repeat([0, 1], 6), holdout=0.5)
    assert "folds.k" in caught.value.hint
    assert len(assigned([0, 1] * 6, np.repeat([0, 1, 2], 4), k=2)[0]) == 2


def assigned(label, group=None, **folds):
    table, usable = table_of(label), np.ones(len(label), dtype=bool)
    known = None if group is None else np.array(group)
    found, assignment = make_folds(table, usable, known, load_recipe(tiny_recipe({"folds": folds})))
    return found, assignment, list(fold_notes(table, found, assignment, known, load_recipe(tiny_recipe())))


@pytest.mark.parametrize("folds", [{"k": 2}, {"k": 2, "repeats": 3}, {"holdout": 0.5}])
def test_the_only_image_of_a_class_is_learnt_and_never_validated(folds):
    found, assignment, notes = assigned([0, 0, 0, 0, 1, 1, 1, 1, 2, 3], **folds)
    assert (assignment[:, 8:] == -1).all()
    assert all({8, 9} <= set(fold.train.tolist()) for fold in found)
    assert any("c2, c3" in note for note in notes)


def test_the_only_image_of_a_class_stays_with_its_copies():
    _, assignment, notes = assigned([0, 0, 0, 1, 1, 1, 2], [0, 1, 2, 3, 4, 5, 0], k=2)
    assert assignment[0, 6] == assignment[0, 0]
    assert any("fold" in note and "c2" in note for note in notes)


def test_a_class_smaller_than_the_number_of_folds_is_in_as_many_as_it_has_images():
    _, assignment, notes = assigned([0] * 6 + [1] * 6 + [2] * 2, k=4)
    assert len(set(assignment[0, 12:].tolist())) == 2
    assert not any("c2" in note for note in notes)


def test_classes_that_cannot_be_read_are_named():
    table, usable = table_of([0, 0, 1, 1, 2, 2]), np.array([True] * 4 + [False] * 2)
    recipe = load_recipe(tiny_recipe({"folds": {"k": 2}}))
    found, assignment = make_folds(table, usable, None, recipe)
    assert any("c2" in note and "read" in note for note in fold_notes(table, found, assignment, None, recipe))
