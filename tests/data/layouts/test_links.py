"""Links that lead outside the data folder, or to nothing, decide nothing without a word."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sketchfit.data.read_settings import ReadSettings, TableNames
from sketchfit.data.readers import read_table
from sketchfit.errors import UserError
from tests.data import malformed
from tests.data.layouts.tree import Tree
from tests.data.malformed import CLASSES


@pytest.mark.parametrize("name", ["train.csv", "test.csv", "sample_submission.csv"])
def test_a_table_that_is_a_link_outside_is_refused_or_followed(tmp_path: Path, name: str) -> None:
    root = malformed.good_data(tmp_path / "data")
    expected = read_table(root)
    shutil.move(root / name, tmp_path / name)
    (root / name).symlink_to(tmp_path / name)
    with pytest.raises(UserError, match="--follow-links") as caught:
        read_table(root)
    assert name in str(caught.value)
    found = read_table(root, ReadSettings(follow_links=True))
    assert found.train == expected.train
    assert found.class_labels == expected.class_labels


def test_only_links_outside_are_named(tmp_path: Path) -> None:
    root = malformed.good_data(tmp_path / "data")
    for name in ("train.csv", "test.csv", "sample_submission.csv"):
        (root / name).unlink()
    shutil.move(root / "train", tmp_path / "elsewhere")
    shutil.rmtree(root / "test")
    for image in (tmp_path / "elsewhere").rglob("*.JPEG"):
        link = root / "train" / image.relative_to(tmp_path / "elsewhere")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(image)
    with pytest.raises(UserError, match="--follow-links") as caught:
        read_table(root)
    assert "sketch_0.JPEG" in str(caught.value)
    assert len(read_table(root, ReadSettings(follow_links=True)).train) == 12


def test_a_linked_text_is_no_table(tmp_path: Path) -> None:
    root = malformed.good_data(tmp_path / "data")
    (tmp_path / "licence.txt").write_text("free")
    (root / "licence.txt").symlink_to(tmp_path / "licence.txt")
    assert len(read_table(root).train) == 12


def tables(tree: Tree) -> None:
    tree.table("train.csv", ("image", "label"), tree.train("train/{k}.png"))
    tree.table("test.csv", ("image",), [(path,) for path in tree.test()])
    tree.sample(("image", "label"), [(f"test/{n}.png", CLASSES[0]) for n in range(5)])


def class_folders(tree: Tree) -> None:
    tree.train("train/{name}/{n}.png")
    tree.test()


def only_classes(tree: Tree) -> None:
    tree.train("{name}/{n}.png")


def tables_in_a_folder(tree: Tree) -> None:
    tree.table("labels/train.csv", ("image", "label"), tree.train("images/{k}.png"))
    tree.table("labels/test.csv", ("image",), [(path,) for path in tree.test("images/t{n}.png")])


def a_table_in_the_training_folder(tree: Tree) -> None:
    rows = [(path.rpartition("/")[2], label) for path, label in tree.train("train/{k}.png")]
    tree.table("train/labels.csv", ("image", "label"), rows)
    tree.test()


FIRST = CLASSES[0]
BY_TABLE = (tables, tables_in_a_folder, a_table_in_the_training_folder)
LINKS: list[tuple[Callable[[Tree], None], str]] = [
    *((tables, name) for name in ("train.csv", "test.csv", "sample_submission.csv", "train", "test")),
    *((tables, name) for name in ("train/0.png", "test/0.png")),
    *((class_folders, name) for name in ("train", f"train/{FIRST}", f"train/{FIRST}/0.png", "test", "test/0.png")),
    *((class_folders, name) for name in ("train/**/*.png", f"train/{FIRST}/*.png", "test/*.png")),
    *((only_classes, name) for name in (FIRST, f"{FIRST}/0.png", f"{FIRST}/*.png")),
    *(
        (tables_in_a_folder, name)
        for name in ("labels/train.csv", "labels/test.csv", "labels", "images", "images/0.png")
    ),
    *((a_table_in_the_training_folder, name) for name in ("train/labels.csv", "train", "train/0.png")),
]


def link(root: Path, pattern: str, target: str) -> list[str]:
    """Replace files or folders by links; the paths of all."""
    found = sorted(root.glob(pattern))
    for number, path in enumerate(found):
        place = root.parent / "elsewhere" / str(number) / path.name
        place.parent.mkdir(parents=True)
        shutil.move(path, place)
        path.symlink_to(place)
        if target == "nothing":
            shutil.rmtree(place.parent)
    return [path.relative_to(root).as_posix() for path in found]


@pytest.mark.parametrize("target", ["outside", "nothing"])
@pytest.mark.parametrize(("layout", "pattern"), LINKS, ids=lambda one: getattr(one, "__name__", one))
def test_no_link_is_ignored(tmp_path: Path, layout: Callable[[Tree], None], pattern: str, target: str) -> None:
    tree = Tree(tmp_path / "data")
    layout(tree)
    expected = read_table(tree.root)
    links = link(tree.root, pattern, target)
    names = [one.rpartition("/")[2] for one in links]
    if target == "nothing" and pattern.endswith("/0.png") and layout in BY_TABLE:
        found = read_table(tree.root)  # `data.missing` decides, with a note
        (note,) = (note for note in found.notes if "file does not exist" in note)
        assert names[0] in note
        assert (found.class_labels, found.test) == (expected.class_labels, expected.test)
        return
    with pytest.raises(UserError) as caught:
        read_table(tree.root)
    assert any(name in str(caught.value) for name in names)
    if target == "outside":
        followed = read_table(tree.root, ReadSettings(follow_links=True))
        assert (followed.train, followed.test, followed.class_labels) == (
            expected.train,
            expected.test,
            expected.class_labels,
        )


@pytest.mark.parametrize("target", ["outside", "nothing"])
def test_what_the_user_names_or_leaves_out_is_not_refused(tmp_path: Path, target: str) -> None:
    tree = Tree(tmp_path / "data")
    class_folders(tree)
    expected = read_table(tree.root)
    link(tree.root, "test/*.png", target)
    found = read_table(tree.root, ReadSettings(names=TableNames(test="none")))
    assert (found.train, len(found.test)) == (expected.train, 0)


def test_a_path_that_leaves_the_data_folder_is_refused(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "data")
    rows = tree.train("train/{k}.png")
    shutil.move(tree.root / rows[0][0], tmp_path / "0.png")
    tree.table("train.csv", ("image", "label"), [("../0.png", rows[0][1]), *rows[1:]])
    with pytest.raises(UserError, match="leaves the data folder"):
        read_table(tree.root, ReadSettings(follow_links=True))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
@pytest.mark.parametrize("name", ["train.csv", "test.csv", "sample_submission.csv", "labels/train.csv", "test"])
def test_a_pipe_in_the_place_of_a_table_is_refused(tmp_path: Path, name: str) -> None:
    tree = Tree(tmp_path / "data")
    (tables_in_a_folder if name.startswith("labels") else tables)(tree)
    shutil.move(tree.root / name, tmp_path / "elsewhere")
    os.mkfifo(tree.root / name)
    with pytest.raises(UserError, match=name):
        read_table(tree.root)
