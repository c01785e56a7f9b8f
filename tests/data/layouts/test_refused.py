"""Layouts that could mean several things are refused with all candidates and what to set."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sketchfit.data.read_settings import ReadSettings, TableNames
from sketchfit.data.readers import read_table
from sketchfit.errors import UserError
from sketchfit.shell import quoted
from tests.data.layouts.tree import Tree, below
from tests.data.malformed import CLASSES


def _two_tables(tree: Tree) -> None:
    rows = tree.train("images/{k}.png")
    tree.table("first.csv", ("image", "label"), rows)
    tree.table("second.csv", ("image", "label"), rows)


def _two_training_tables(tree: Tree) -> None:
    rows = tree.train("images/{k}.png")
    tree.table("train_2023.csv", ("image", "label"), rows[:9])
    tree.table("train_2024.csv", ("image", "label"), rows[3:])


def _two_test_folders(tree: Tree) -> None:
    tree.train()
    tree.test("test_images/{n}.png")
    tree.test("test_data/{n}.png")


def _validation_without_labels(tree: Tree) -> None:
    tree.train()
    tree.valid("val/{k}.png")


def _training_without_labels(tree: Tree) -> None:
    tree.train("train/{k}.png")
    tree.test()


def _two_test_sources(tree: Tree) -> None:
    rows = [(path, name, "train") for path, name in tree.train("images/{k}.png")]
    names = tree.test("images/t{n}.png")
    tree.table("train.csv", ("image", "label", "split"), [*rows, *((name, "cat", "test") for name in names[:2])])
    tree.table("test.csv", ("image",), [(name,) for name in names[2:]])


def _two_split_columns(tree: Tree) -> None:
    rows = tree.train("images/{k}.png")
    splits = [("train" if k % 3 else "val", "train" if k % 2 else "val") for k in range(len(rows))]
    tree.table(
        "labels.csv", ("image", "label", "split", "other"), [(*row, *s) for row, s in zip(rows, splits, strict=True)]
    )


def _split_in_most_rows(tree: Tree) -> None:
    words = ["train"] * 8 + ["test", "test", "extra", "extra"]
    rows = [(*row, word) for row, word in zip(tree.train("images/{k}.png"), words, strict=True)]
    tree.table("labels.csv", ("image", "label", "split"), rows)


def _split_with_another_word(tree: Tree) -> None:
    rows = [(*row, "train" if k < 6 else "holdout") for k, row in enumerate(tree.train("images/{k}.png"))]
    tree.table("labels.csv", ("image", "label", "split"), rows)


def _split_by_its_name_alone(tree: Tree) -> None:
    rows = [(*row, int(k < 9)) for k, row in enumerate(tree.train("images/{k}.png"))]
    tree.table("labels.csv", ("image", "label", "train"), rows)


def _two_label_columns(tree: Tree) -> None:
    rows = [(path, name, name[0], k % 3) for k, (path, name) in enumerate(tree.train("images/{k}.png"))]
    tree.table("train.csv", ("image", "species", "letter", "camera"), rows)


def _two_image_columns(tree: Tree) -> None:
    rows = [(k, k * 5 % 12, name) for k, (_, name) in enumerate(tree.train("train/{k}.png"))]
    tree.table("train.csv", ("before", "after", "label"), rows[::-1])


def _several_classes_marked(tree: Tree) -> None:
    rows = [(path, *(int(name == one or path.endswith("0.png")) for one in CLASSES)) for path, name in tree.train()]
    tree.table("train.csv", ("image", *CLASSES), rows)


def _several_data_sets(tree: Tree) -> None:
    tree.train("first/train/{name}/{n}.png")
    tree.train("second/train/{name}/{n}.png")


def _test_images_of_the_same_names(tree: Tree) -> None:
    """The training images are not there, and test images have their names: they are never taken for them."""
    tree.table("train.csv", ("image", "label"), [(f"{k}.png", "cat" if k % 2 else "bus") for k in range(5)])
    tree.test()


def _unnamed_table_of_test_images(tree: Tree) -> None:
    tree.table("labels.csv", ("image", "label"), [(f"{k}.png", "cat" if k % 2 else "bus") for k in range(5)])
    tree.test()


def _splits_in_names_of_classes(tree: Tree) -> None:
    for c, name in enumerate(("cat_train", "cat_test", "dog_train", "dog_test")):
        tree.image(f"{name}/1.png", c)


def _two_samples(tree: Tree) -> None:
    tree.train()
    names = [name.removeprefix("test/") for name in tree.test()]
    for stage in (1, 2):
        tree.table(f"sample_submission_{stage}.csv", ("image", "label"), [(name, "cat") for name in names])


def _two_samples_with_spaces(tree: Tree) -> None:
    tree.train()
    names = [name.removeprefix("test/") for name in tree.test()]
    for stage in (1, 2):
        tree.table(f"sample submission {stage}.csv", ("image", "label"), [(name, "cat") for name in names])


def _no_training_rows(tree: Tree) -> None:
    rows = [(*row, "test" if k % 2 else "val") for k, row in enumerate(tree.train("images/{k}.png"))]
    tree.table("train.csv", ("image", "label", "part"), rows)


@pytest.mark.parametrize(
    ("build", "problem", "settings"),
    [
        (_two_tables, r"first\.csv, second\.csv", {"train": "first.csv"}),
        (_two_training_tables, r"train_2023\.csv, train_2024\.csv", {"train": "train_2023.csv"}),
        (_two_test_folders, "test_data/, test_images/", {"test": "test_data"}),
        (_validation_without_labels, r"val/ .*data\.test=val.*data\.valid=none", {"valid": "none"}),
        (_training_without_labels, "train/ has no folder per class", None),
        (_two_test_sources, r"'split' .*test\.csv.*data\.split_column=none.*data\.test=none", {"split_column": "none"}),
        (_two_split_columns, r"'split', 'other'.*data\.split_column", {"split_column": "other"}),
        (_split_in_most_rows, r"'split' .*'extra'.*data\.split_column=none", {"split_column": "none"}),
        (_split_with_another_word, r"'split' .*'holdout'.*data\.split_column=none", {"split_column": "none"}),
        (_split_by_its_name_alone, r"'train' .*data\.split_column=train .*=none", {"split_column": "train"}),
        (_two_label_columns, "'species', 'letter', 'camera'.*--label-column", {"label_column": "species"}),
        (_two_image_columns, "'before', 'after'.*--image-column", {"image_column": "after"}),
        (_several_classes_marked, "'apple', 'bus', 'cat'.*--label-column", None),
        (_test_images_of_the_same_names, "does not exist .5 rows", None),
        (_unnamed_table_of_test_images, "does not exist .5 rows", None),
        (_two_samples, r"sample_submission_1\.csv, sample_submission_2\.csv", {"sample": "sample_submission_1.csv"}),
        (_splits_in_names_of_classes, "cat_test, cat_train", None),
        (_several_data_sets, "first/, second/", None),
    ],
)
def test_what_is_ambiguous_is_refused_and_a_setting_decides(
    build: Callable[[Tree], None], problem: str, settings: dict[str, str] | None, tmp_path: Path
) -> None:
    build(Tree(tmp_path))
    with pytest.raises(UserError) as caught:
        read_table(tmp_path)
    assert re.search(problem, "\n".join(caught.value.problems)), caught.value.problems
    assert caught.value.hint
    if settings is not None:
        assert len(read_table(tmp_path, ReadSettings(TableNames(**settings))).train)


@pytest.mark.parametrize(("counts", "key"), [("Unnamed: 0", "id"), ("index", "id"), ("order", "file_id")])
def test_a_column_that_counts_the_rows_names_no_images(counts: str, key: str, tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    classes = [name for _, name in tree.train("train/{k}.png")]
    order = [k * 5 % 12 for k in range(12)]
    tree.table("train.csv", (counts, key, "label"), [(n, k, classes[k]) for n, k in enumerate(order)])
    table = read_table(tmp_path)
    assert table.train.paths == tuple(f"train/{k}.png" for k in order)
    assert [table.class_names[label] for label in table.label] == [classes[k] for k in order]
    assert repr(counts) in table.notes[0]


@pytest.mark.parametrize("names", [("photo", "sketch"), ("x", "y"), ("plane", "train")])
@pytest.mark.parametrize("top", ["", "all things/"])
def test_folders_without_names_of_classes_can_be_classes(names: tuple[str, str], top: str, tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    for name in names:
        for number in range(3):
            tree.image(f"{top}{name}/{number}.png", number)
    setting = f"data.train={top.strip('/') or '.'}"
    with pytest.raises(UserError, match=rf"no labels(.|\n)*--set {re.escape(quoted(setting))} takes"):
        read_table(tmp_path)
    table = read_table(tmp_path, ReadSettings(TableNames(train=setting.partition("=")[2])))
    assert table.class_names == names


@pytest.mark.parametrize("names", [("train.zip",), ("train.tar.gz", "test.7z"), ()])
@pytest.mark.parametrize("column", ["id", "anything"])
def test_a_table_without_any_image(column: str, names: tuple[str, ...], tmp_path: Path) -> None:
    Tree(tmp_path).table("train.csv", (column, "label"), [(f"a{k}", CLASSES[k % 2]) for k in range(6)])
    for name in names:
        (tmp_path / name).write_bytes(b"PK\3\4")
    with pytest.raises(UserError) as caught:
        read_table(tmp_path)
    (problem,) = caught.value.problems
    assert f"no image file in {tmp_path}" in problem
    assert all(name in problem for name in ("Unpack", *names)) == bool(names)


@pytest.mark.parametrize("form", ["images/{k}.png", "part_{c}/{k}.png"])
def test_a_table_of_images_alone(form: str, tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.table("train.csv", ("image",), [(path,) for path, _ in tree.train(form)])
    with pytest.raises(UserError, match=r"train\.csv has no column of labels: 'image' is its only column"):
        read_table(tmp_path)


def test_a_table_without_content_next_to_class_folders(tmp_path: Path) -> None:
    Tree(tmp_path).train("{name}/{n}.png")
    (tmp_path / "log.csv").write_text('""\n')
    assert read_table(tmp_path).class_names == CLASSES


def test_a_given_column_without_training_rows(tmp_path: Path) -> None:
    _no_training_rows(Tree(tmp_path))
    with pytest.raises(UserError, match="'part' names no training row"):
        read_table(tmp_path, ReadSettings(TableNames(split_column="part")))


@pytest.mark.parametrize(
    ("names", "inner"),
    [(("valid", "invalid"), ""), (("car", "truck", "train"), ""), (("car", "truck", "train"), "d1/")],
)
def test_names_of_splits_can_be_classes(names: tuple[str, ...], inner: str, tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    for c, name in enumerate(names):
        for n in range(3):
            tree.image(f"{name}/{inner}{n}.png", 10 * c + n)
    table = read_table(tmp_path)
    assert set(table.class_labels) == set(names)
    assert any("is a class" in note for note in table.notes)


def test_splits_that_are_not_used(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.table("data.csv", ("image", "label", "split"), [
        *((path, name, "train") for path, name in below(tree.train("images/{k}.png"), "images")),
        *((path, name, "val") for path, name in below(tree.valid("images/v{k}.png"), "images")),
        *((path.removeprefix("images/"), "cat", "test") for path in tree.test("images/t{n}.png")),
    ])  # fmt: skip
    table = read_table(tmp_path)
    assert (len(table.train), len(table.test)) == (15, 5)
    assert any("folds.column=given_fold" in note for note in table.notes)
    table = read_table(tmp_path, ReadSettings(TableNames(valid="none", test="none")))
    assert (len(table.train), len(table.test)) == (12, 0)
    assert [len(unused.paths) for unused in table.unused if unused.kind == "image"] == [8]


@pytest.mark.parametrize("name", ["train", "valid", "test", "sample"])
def test_a_named_part_that_does_not_exist(name: str, tmp_path: Path) -> None:
    Tree(tmp_path).train()
    with pytest.raises(UserError, match=r"no file.*absent"):
        read_table(tmp_path, ReadSettings(TableNames(**{name: "absent"})))


def test_a_column_that_seems_to_name_splits_is_noted(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.table("labels.csv", ("image", "label", "partition"), [
        (*row, k % 3) for k, row in enumerate(tree.train("images/{k}.png"))
    ])  # fmt: skip
    table = read_table(tmp_path)
    assert len(table.train) == 12
    assert any("'partition'" in note for note in table.notes)


@pytest.mark.parametrize("suffix", [".jpg", ".gif"])
def test_training_files_are_never_those_of_the_test_folder(suffix: str, tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    rows = [(f"{k}.png", name) for k, (_, name) in enumerate(tree.train("train/{k}" + suffix))]
    tree.table("train.csv", ("image", "label"), rows)
    tree.test("test/{n}.png")
    table = read_table(tmp_path)
    assert table.train.paths == tuple(f"train/{k}{suffix}" for k in range(12))


def test_test_files_are_never_those_of_the_training_folder(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.table("train.csv", ("image", "label"), below(tree.train("train/{k}.png"), "train"))
    tree.test("test/t{n}.png")
    tree.table("test.csv", ("image",), [("0.png",), ("1.png",)])
    with pytest.raises(UserError, match=r"test\.csv: no file"):
        read_table(tmp_path)


@pytest.mark.parametrize("name", ["train.feather", "Train_Labels.xls", "sample_submission.ods", "test.csv.zst"])
def test_tables_in_other_formats_are_refused(name: str, tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    rows = below(tree.train("train/{k}.png"), "train")
    (tmp_path / name).write_bytes(b"not read")
    if not name.casefold().startswith("train"):
        tree.table("train.csv", ("image", "label"), rows)
    with pytest.raises(UserError, match=re.escape(name)) as caught:
        read_table(tmp_path)
    assert ".parquet" in caught.value.hint


def test_a_name_with_spaces_is_quoted_in_the_advice(tmp_path: Path) -> None:
    _two_samples_with_spaces(Tree(tmp_path))
    with pytest.raises(UserError) as caught:
        read_table(tmp_path)
    assert f"--set {quoted('data.sample=sample submission 1.csv')}" in caught.value.hint
    assert read_table(tmp_path, ReadSettings(TableNames(sample="sample submission 1.csv"))).train


def test_tables_in_other_formats_next_to_what_is_read(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.train("train/{name}/{n}.png")
    tree.test()
    for name in ("train.pkl", "test.feather", "notes.ods"):
        (tmp_path / name).write_bytes(b"not read")
    table = read_table(tmp_path)
    assert (len(table.train), len(table.test)) == (12, 5)
    assert sum(len(unused.paths) for unused in table.unused) == 3


@pytest.mark.parametrize("folder", ["tables", "my lists"])
def test_tables_in_a_folder_without_images(folder: str, tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    rows = [(f"../{path}", name) for path, name in tree.train("pictures/{k}.png")]
    tree.table(f"{folder}/train.csv", ("image", "label"), rows)
    tree.table(f"{folder}/test.csv", ("image",), [(f"../{path}",) for path in tree.test("new/{n}.png")])
    table = read_table(tmp_path)
    assert (len(table.train), len(table.test)) == (12, 5)


def test_the_folder_of_a_run_is_no_class(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.train("{name}/{n}.png")
    for name in ("state.json", "recipe.yaml"):
        (tmp_path / "runs/first" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "runs/first" / name).write_text("")
    tree.image("runs/first/report/drawings/0.png", 0)
    table = read_table(tmp_path)
    assert table.class_labels == CLASSES
    assert [(unused.kind, len(unused.paths)) for unused in table.unused] == [("own", 3)]


def test_rows_of_a_split_with_images_in_two_folders(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    rows = below(tree.train("train/{k}.png"), "train")
    tree.test("test/{n}.png")
    columns, splits = ("image", "label", "split"), ["test"] * 3 + ["train"] * 9
    tree.table("train.csv", columns, [(*row, split) for row, split in zip(rows, splits, strict=True)])
    with pytest.raises(UserError, match=r"test/0\.png or train/0\.png"):
        read_table(tmp_path)
    written = [(f"train/{name}", label, split) for (name, label), split in zip(rows, splits, strict=True)]
    tree.table("train.csv", columns, written)
    assert read_table(tmp_path).test.paths == ("train/0.png", "train/1.png", "train/2.png")
    tests = [(f"{n}.png", "cat", "test") for n in range(5)]  # names that mean an image in each folder
    tree.table("train.csv", columns, [*((*row, "train") for row in rows), *tests])
    assert read_table(tmp_path).test.paths == tuple(f"test/{n}.png" for n in range(5))


def test_labels_of_a_validation_split(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.table("train.csv", ("image", "label"), below(tree.train("train/{k}.png"), "train"))
    names = [path.removeprefix("val/") for path, _ in tree.valid("val/{k}.png")]
    tree.table("val.csv", ("image", "label"), [(name, k % 2) for k, name in enumerate(names)])
    with pytest.raises(UserError, match=r"val\.csv: '0', '1'.*data\.valid=none"):
        read_table(tmp_path)
    tree.table("val.csv", ("image", "label"), [(name, ("zebra", "cat")[k % 2]) for k, name in enumerate(names)])
    assert any("'zebra'" in note for note in read_table(tmp_path).notes)
