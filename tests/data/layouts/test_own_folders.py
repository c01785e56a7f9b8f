"""What sketchfit wrote into the data folder is never read as data, whatever the layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sketchfit.data.image_sources import read_images
from sketchfit.data.own_tables import LABEL_ISSUES, PREDICTIONS, is_own_table
from sketchfit.data.readers import read_table
from sketchfit.errors import UserError
from sketchfit.inference.prediction_table import prediction_columns
from sketchfit.runs.lock import one_writer
from sketchfit.runs.marks import CACHE_TAG, mark_cache
from sketchfit.runs.table import RunTable
from tests.data.layouts.tree import Tree
from tests.data.malformed import CLASSES


def class_folders(tree: Tree) -> None:
    tree.train("{name}/{n}.png")


def class_folders_in_train(tree: Tree) -> None:
    tree.train("train/{name}/{n}.png")
    tree.test("test/{n}.png")


def in_one_folder(tree: Tree) -> None:
    tree.train("drawings/{name}/{n}.png")


def a_table(tree: Tree) -> None:
    tree.table("train.csv", ("image", "label"), tree.train("pictures/{k}.png"))


def a_table_of_names(tree: Tree) -> None:
    rows = [(path.rpartition("/")[2], label) for path, label in tree.train("pictures/{k}.png")]
    tree.table("labels.csv", ("image", "label"), rows)


LAYOUTS = (class_folders, class_folders_in_train, in_one_folder, a_table, a_table_of_names)


def a_run(tree: Tree, place: str) -> None:
    for name in ("state.json", "recipe.yaml"):
        (tree.root / place / name).parent.mkdir(parents=True, exist_ok=True)
        (tree.root / place / name).touch()
    for number in range(3):
        tree.image(f"{place}/report/drawings/{number}.png", 0)
    tree.table(f"{place}/submission.csv", ("image", "label"), [("0.png", "ant")])


def other_results(tree: Tree, place: str) -> None:
    with one_writer(tree.root / place):
        for number in range(3):
            tree.image(f"{place}/{number}.png", 0)
            tree.image(f"{place}/more/{number}.png", 0)
        tree.table(f"{place}/train.csv", ("image", "label"), [("0.png", "ant"), ("1.png", "bee")])


def a_cache(tree: Tree, place: str) -> None:
    mark_cache(tree.root / place)
    tree.image(f"{place}/store-1/0.png", 0)
    tree.table(f"{place}/train.csv", ("image", "label"), [("store-1/0.png", "ant")])


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("made", [a_run, other_results, a_cache], ids=lambda one: one.__name__)
@pytest.mark.parametrize("place", ["out", "runs/first", "train/out", "images/out"])
def test_it_changes_nothing_and_is_noted(
    tmp_path: Path, layout: Callable[[Tree], None], made: Callable[[Tree, str], None], place: str
) -> None:
    tree = Tree(tmp_path)
    layout(tree)
    before = read_table(tmp_path)
    made(tree, place)
    after = read_table(tmp_path)
    assert (after.train, after.test, after.class_labels) == (before.train, before.test, before.class_labels)
    assert after.label.tolist() == before.label.tolist()
    (own,) = [one for one in after.unused if one.kind == "own"]
    assert all(path.startswith(place) for path in own.paths)
    assert [one for one in after.unused if one.kind != "own"] == list(before.unused)


@pytest.mark.parametrize("made", [a_run, other_results, a_cache], ids=lambda one: one.__name__)
def test_images_to_predict_are_those_of_the_user(tmp_path: Path, made: Callable[[Tree, str], None]) -> None:
    tree = Tree(tmp_path)
    tree.test("{n}.png")
    before = read_images([tmp_path])
    made(tree, "out")
    after = read_images([tmp_path])
    assert after.split == before.split
    assert any("out" in note for note in after.notes)


def test_the_folder_of_a_run_is_refused_as_data(tmp_path: Path) -> None:
    a_run(Tree(tmp_path), "run")
    with pytest.raises(UserError, match="folder of a run"):
        read_table(tmp_path / "run")


def test_a_folder_of_others_gets_no_mark(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.train("{name}/{n}.png")
    files = set(tmp_path.rglob("*"))
    with one_writer(tmp_path):
        pass
    mark_cache(tmp_path)
    assert set(tmp_path.rglob("*")) == files
    mark_cache(tmp_path / "cache")
    assert (tmp_path / "cache" / CACHE_TAG).read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("columns", [(*PREDICTIONS, "label_1", "probability_1"), LABEL_ISSUES])
@pytest.mark.parametrize("name", ["predictions.csv", "a.csv", "label_issues.csv"])
def test_tables_that_were_written_are_not_learnt_from(
    tmp_path: Path, layout: Callable[[Tree], None], columns: tuple[str, ...], name: str
) -> None:
    tree = Tree(tmp_path)
    layout(tree)
    before = read_table(tmp_path)
    others = len(columns) - 2
    rows = [(path, CLASSES[k % 2], *["0"] * others) for k, path in enumerate(before.train.paths)]
    tree.table(name, columns, rows)
    after = read_table(tmp_path)
    assert (after.train, after.label.tolist()) == (before.train, before.label.tolist())
    assert any(name in one.paths for one in after.unused if one.kind == "table")


def test_the_columns_are_those_that_are_written() -> None:
    table = RunTable(Path(), Path(), "", CLASSES, CLASSES, ())
    columns = prediction_columns(["a.png"], np.full((1, 3), 1 / 3, np.float32), [""], table)
    assert is_own_table(list(columns))


@pytest.mark.parametrize("layout", LAYOUTS[:3])
def test_the_mark_of_another_cache_hides_no_class(layout: Callable[[Tree], None], tmp_path: Path) -> None:
    layout(tree := Tree(tmp_path))
    before = read_table(tree.root)
    for folder in [path for path in tree.root.rglob("*") if path.is_dir()]:
        (folder / CACHE_TAG).write_text("Signature: 8a477f597d28d172789f06886806bc55\n# For backups.\n")
    after = read_table(tree.root)
    assert (after.class_names, after.train.paths) == (before.class_names, before.train.paths)
