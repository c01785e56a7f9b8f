"""No file disappears: what is in no row is named with a reason."""

from __future__ import annotations

import os
import random
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from sketchfit.data.image_sources import read_images
from sketchfit.data.listing import Listing
from sketchfit.data.read_settings import ReadSettings
from sketchfit.data.readers import read_table
from sketchfit.data.table import Table
from sketchfit.data.unused import unused_files
from sketchfit.errors import UserError
from tests.data import malformed

PNG = malformed.encoded(malformed.drawing(1), "PNG")
JPEG = malformed.encoded(malformed.drawing(2), "JPEG")
CONTENT = {
    "a.png": PNG, "b.JPG": JPEG, "c.jfif": JPEG, "d": PNG, "e.picture": JPEG, "f.tga": b"x", "g.txt": b"text",
    "h.csv": b"a,b\n", "README": b"# Title", ".hidden.png": PNG, "._a.png": b"x", "Thumbs.db": b"x",
    "empty.png": b"", "empty": b"",
    "i.svg": malformed.SVG.encode(), "j": malformed.SVG.encode(), "k.md": b"BM is no picture", "l": b"P1 is no picture",
}  # fmt: skip
FOLDERS = (
    "train/apple",
    "train/apple/more",
    "train/bus",
    "train",
    "",
    "test",
    "test/deep",
    "other",
    "val",
    ".git",
    "__MACOSX/a",
)


@st.composite
def trees(draw: DrawFn) -> list[str]:
    """Paths of files in the layout of class folders, with two classes at least."""
    names, folders = st.sampled_from(sorted(CONTENT)), st.sampled_from(FOLDERS)
    more = draw(st.lists(st.tuples(folders, names), max_size=25, unique=True))
    paths = {f"{folder}/{name}".lstrip("/") for folder, name in more}
    return sorted(paths | {"train/apple/a.png", "train/apple/b.JPG", "train/bus/a.png"})


def write(root: Path, paths: list[str]) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(CONTENT[path.rpartition("/")[2]])


def accounted(table: Table) -> list[str]:
    """Paths that are rows or named, each as often as it is."""
    return [*table.train.paths, *table.test.paths, *(path for one in table.unused for path in one.paths)]


@given(trees())
@settings(max_examples=60, deadline=None)
def test_rows_and_unused_files_are_all_files_of_class_folders(paths: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, paths)
        try:
            table = read_table(root)
        except UserError:  # a layout that is refused loses nothing without a word
            return
        assert sorted(accounted(table)) == paths


@given(trees(), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_rows_and_unused_files_are_all_files_of_tables(paths: list[str], seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, paths)
        images = [path for path in paths if path.startswith("train/") and path.endswith((".png", ".JPG", "/d"))]
        chosen = random.Random(seed).sample(images, len(images) - len(images) // 3)
        rows = {"train/apple/a.png", "train/apple/b.JPG", "train/bus/a.png", *chosen}
        lines = "".join(
            f"{path.removeprefix('train/')},{'bus' if 'bus' in path else 'apple'}\n" for path in sorted(rows)
        )
        (root / "train.csv").write_text("image_path,label\n" + lines)
        table = read_table(root)
        assert set(table.train.paths) == rows
        assert sorted([*accounted(table), "train.csv"]) == sorted([*paths, "train.csv"])


def test_links_are_followed_inside_and_named_outside(tmp_path: Path) -> None:
    root, outside = malformed.good_data(tmp_path / "data"), tmp_path / "outside"
    for name in ("train.csv", "test.csv", "sample_submission.csv"):
        (root / name).unlink()
    (root / "pool").mkdir()
    shutil.move(root / "train/cat/sketch_0.JPEG", root / "pool/0.JPEG")
    (root / "train/cat/linked.JPEG").symlink_to(root / "pool/0.JPEG")
    (root / "train/loop").symlink_to(root / "train")
    (root / "nothing.png").symlink_to(root / "absent.png")
    table = read_table(root)
    assert "train/cat/linked.JPEG" in table.train.paths
    assert {one.kind: one.paths for one in table.unused} == {"other": ("nothing.png",)}
    shutil.move(root / "train/bus", outside)
    (root / "train/bus").symlink_to(outside)
    (root / "elsewhere.png").symlink_to(outside / "sketch_0.JPEG")
    with pytest.raises(UserError, match=r"lead outside .*train/bus.*--follow-links"):
        read_table(root)
    followed = read_table(root, ReadSettings(follow_links=True))
    assert len(followed.train) == 12
    assert "bus" in followed.class_names
    (root / "train/bus").unlink()
    assert {one.kind: one.paths for one in read_table(root).unused}["outside"] == ("elsewhere.png",)


def test_one_file_under_two_classes_is_refused_and_twice_in_one_is_used_once(tmp_path: Path) -> None:
    write(tmp_path, ["train/apple/a.png", "train/apple/b.JPG", "train/bus/c.jfif", "train/bus/e.picture"])
    (tmp_path / "train/bus/again.jpg").symlink_to(tmp_path / "train/bus/c.jfif")
    table = read_table(tmp_path)
    assert len(table.train) == 4
    assert "again" in table.notes[0] or "c.jfif" in table.notes[0]
    assert table.unused == ()
    (tmp_path / "train/fruit").symlink_to(tmp_path / "train/apple")
    with pytest.raises(UserError, match="second label"):
        read_table(tmp_path)


def test_rows_through_links_outside_can_be_allowed(tmp_path: Path) -> None:
    root = malformed.good_data(tmp_path / "data")
    shutil.move(root / "train", tmp_path / "elsewhere")
    (root / "train").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="--follow-links"):
        read_table(root)
    assert len(read_table(root, ReadSettings(follow_links=True)).train) == 12


def test_a_table_alone_reports_only_the_folders_of_its_rows(tmp_path: Path) -> None:
    root = malformed.good_data(tmp_path / "data")
    (root / "train/apple/more.JPEG").write_bytes(JPEG)
    (root / "other").mkdir()
    (root / "other/a.png").write_bytes(PNG)
    assert [one.paths for one in read_table(root / "train.csv").unused] == [("train/apple/more.JPEG",)]
    assert [one.paths for one in read_table(root).unused] == [("other/a.png", "train/apple/more.JPEG")]


def test_many_files_are_named_by_folder(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}.png").write_bytes(PNG)
    (one,) = unused_files(Listing(tmp_path), {"0.png"})
    assert str(one) == "11 files not used (image in no row): ./ (11)"
    assert one.paths[1] == "2.png"


@pytest.mark.skipif(os.name == "nt", reason="no pipes")
def test_pipes_are_named_and_not_opened(tmp_path: Path) -> None:
    write(tmp_path, ["train/apple/a.png", "train/apple/b.JPG", "train/bus/a.png"])
    os.mkfifo(tmp_path / "train/bus/pipe.png")
    assert [(one.kind, one.paths) for one in read_table(tmp_path).unused] == [("other", ("train/bus/pipe.png",))]


def test_a_table_in_several_files_is_read(tmp_path: Path) -> None:
    root = malformed.good_data(tmp_path / "data")
    lines = (root / "train.csv").read_text().splitlines(keepends=True)
    (root / "train.csv").unlink()
    (root / "train-00000-of-00002.csv").write_text("".join(lines[:7]))
    (root / "train-00001-of-00002.csv").write_text("".join([lines[0], *lines[7:]]))
    table = read_table(root)
    assert (len(table.train), table.unused) == (12, ())


def test_links_in_circles_hide_no_other_file(tmp_path: Path) -> None:
    write(tmp_path, ["cat/a.png", "cat/b.JPG", "dog/a.png", "dog/b.JPG"])
    (tmp_path / "cat/self.png").symlink_to("self.png")
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    table = read_table(tmp_path)
    assert table.class_names == ("cat", "dog")
    assert [unused.paths for unused in table.unused] == [("a", "b", "cat/self.png")]


def _close(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to list a folder: chmod does not refuse root."""
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)


@pytest.mark.parametrize("name", ["", "train", "train/apple"])
def test_a_folder_that_cannot_be_read_is_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    malformed.good_data(tmp_path)
    _close(tmp_path / name, monkeypatch)
    with pytest.raises(UserError, match=re.escape(str(tmp_path / name))):
        read_table(tmp_path)


@pytest.mark.parametrize("name", ["lost+found", ".Trash-0", "train/.cache", "train/apple/@eaDir", "$RECYCLE.BIN/deep"])
def test_a_folder_of_the_system_that_cannot_be_read_is_not_used(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, ["train/apple/a.png", "train/apple/b.JPG", "train/bus/a.png"])
    (tmp_path / name).mkdir(parents=True)
    _close(tmp_path / name, monkeypatch)
    table = read_table(tmp_path)
    assert table.class_names == ("apple", "bus")
    assert [(one.kind, one.paths) for one in table.unused] == [("hidden", (name,))]
    assert len(read_images([tmp_path]).split) == 3


SYSTEM = ("@eaDir/1.png", "#recycle", "$RECYCLE.BIN/S-1", "$Recycle.Bin", "System Volume Information", "lost+found")


@pytest.mark.parametrize("folder", [*SYSTEM, "__MACOSX", "@Recycle", "#snapshot"])
@pytest.mark.parametrize("top", ["", "train/", "train/apple/"])
def test_images_in_folders_of_the_system_are_no_data(folder: str, top: str, tmp_path: Path) -> None:
    paths = ["train/apple/a.png", "train/apple/b.JPG", "train/bus/a.png"]
    write(tmp_path, [*paths, f"{top}{folder}/b.JPG"])
    table = read_table(tmp_path)
    assert table.train.paths == tuple(paths)
    assert [(one.kind, one.paths) for one in table.unused] == [("hidden", (f"{top}{folder}/b.JPG",))]
    assert read_images([tmp_path]).split.names == tuple(paths)


def test_test_rows_that_are_links_to_training_rows_are_noted(tmp_path: Path) -> None:
    write(tmp_path, ["train/cat/a.png", "train/cat/b.JPG", "train/dog/a.png", "train/dog/b.JPG"])
    (tmp_path / "test").symlink_to("train")
    assert any(note.startswith("4 images are both") for note in read_table(tmp_path).notes)
