from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketchfit.config.data import DataSection
from sketchfit.data.review import exclude_images, read_exclude, read_relabel, relabel_images, review_table
from sketchfit.data.table import Split, Table
from sketchfit.errors import UserError
from sketchfit.visible import people_csv
from tests.factories import make_table


def _table() -> Table:
    return make_table(
        train={f"train/{name}/{k}.png": number for number, name in enumerate(("apple", "bee")) for k in range(3)},
        class_names=("apple", "bee"),
        class_labels=("10", "20"),
        columns={"artist": np.array(list("abcdef"))},
    )


def test_excluded_rows_go_with_all_that_belongs_to_them() -> None:
    table = exclude_images(_table(), ["apple/1.png", "train/bee/2.png"])
    assert table.train.names == ("apple/0.png", "apple/2.png", "bee/0.png", "bee/1.png")
    assert table.label.tolist() == [0, 0, 1, 1]
    assert table.columns["artist"].tolist() == ["a", "c", "d", "e"]
    assert table.notes == ("2 training images were excluded by a review",)


def test_a_name_of_several_images_is_refused_and_their_paths_are_not() -> None:
    paths = ("train/0.png", "train/1.png", "val/0.png", "val/1.png")
    table = replace(_table(), train=Split(paths, ("0.png", "1.png", "0.png", "1.png")), label=np.array([0, 1, 0, 1]))
    for change in (lambda: exclude_images(table, ["0.png"]), lambda: relabel_images(table, {"0.png": "bee"})):
        with pytest.raises(UserError) as caught:
            change()
        assert all(path in caught.value.problems[0] for path in ("0.png", "train/0.png", "val/0.png"))
    table = replace(table, columns={})
    assert relabel_images(table, {"train/0.png": "bee"}).label.tolist() == [1, 1, 0, 1]
    assert exclude_images(table, ["val/1.png"]).train.paths == paths[:3]


def test_labels_change_by_name_or_target() -> None:
    table = relabel_images(_table(), {"apple/0.png": "bee", "train/bee/0.png": "10"})
    assert table.label.tolist() == [1, 0, 0, 0, 1, 1]


def test_labels_may_be_written_in_other_ways() -> None:
    table = relabel_images(_table(), {"apple/0.png": "BEE", "apple/1.png": "20.0", "bee/0.png": "Apple"})
    assert table.label.tolist() == [1, 1, 0, 0, 1, 1]


def test_a_text_that_is_the_label_of_one_class_and_the_name_of_another_is_refused() -> None:
    table = replace(_table(), class_names=("20", "10"))
    with pytest.raises(UserError, match=r"apple/0.png: '10'"):
        relabel_images(table, {"apple/0.png": "10"})


@pytest.mark.parametrize(
    ("labels", "message"),
    [({"pear/1.png": "bee"}, "not in the training table"), ({"apple/0.png": "wasp"}, "is not a class")],
)
def test_mistakes_in_labels_are_errors(labels: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        relabel_images(_table(), labels)


def test_a_class_is_never_emptied() -> None:
    images = [f"bee/{k}.png" for k in range(3)]
    with pytest.raises(UserError, match="'bee' would have no drawing left"):
        exclude_images(_table(), images)
    with pytest.raises(UserError, match="'bee' would have no drawing left"):
        relabel_images(_table(), dict.fromkeys(images, "apple"))


def test_one_reviewed_file_serves_both_options(tmp_path: Path) -> None:
    review = tmp_path / "label_issues.csv"
    review.write_text(
        "image_path,label,suggested,decision\n"
        "train/apple/0.png,apple,bee,bee\ntrain/apple/1.png,apple,bee, Exclude\ntrain/bee/0.png,bee,apple,\n"
    )
    assert read_exclude(review) == ["train/apple/1.png"]
    assert read_relabel(review) == {"train/apple/0.png": "bee"}
    section = DataSection(exclude=str(review), relabel=str(review))
    table = review_table(_table(), section)
    assert table.label.tolist() == [1, 0, 1, 1, 1]


def test_plain_lists_need_no_decision(tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("image_path,label\napple/0.png,bee\n")
    assert read_exclude(listed) == ["apple/0.png"]
    assert read_relabel(listed) == {"apple/0.png": "bee"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_a_reviewed_file_may_have_any_encoding_of_a_table(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "review.csv"
    path.write_bytes("image_path,label\n사과/1.png,사과\n".encode(encoding))
    assert read_exclude(path) == ["사과/1.png"]
    assert read_relabel(path) == {"사과/1.png": "사과"}


@pytest.mark.parametrize("content", [b"", b"\x00\xc0\xff", b"image_path,label\na,b,c\n", b'image_path,label\n"a,b\n'])
@pytest.mark.parametrize("read", [read_exclude, read_relabel])
def test_a_reviewed_file_that_is_no_table_is_named(content: bytes, read: Any, tmp_path: Path) -> None:
    path = tmp_path / "review.csv"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read(path)
    assert str(path) in caught.value.problems[0]


def test_files_that_do_not_fit_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_exclude(tmp_path / "none.csv")
    other = tmp_path / "other.csv"
    other.write_text("file\na\n")
    with pytest.raises(UserError, match="no column 'image_path'"):
        read_exclude(other)


@pytest.mark.parametrize("second", ["apple/0.png", "train/apple/0.png"])
def test_an_image_with_two_classes_is_refused(second: str, tmp_path: Path) -> None:
    path = tmp_path / "review.csv"
    path.write_text(f"image_path,label\napple/0.png,bee\n{second},apple\n")
    with pytest.raises(UserError, match=r"'apple'.* 'bee'"):
        review_table(_table(), DataSection(relabel=str(path)))


def test_a_misspelt_decision_is_named(tmp_path: Path) -> None:
    path = tmp_path / "review.csv"
    path.write_text("image_path,decision\napple/0.png,Exclude\napple/1.png,excluded\nbee/0.png,apple\nbee/1.png,\n")
    with pytest.raises(UserError, match=r"line 3: 'excluded'"):
        review_table(_table(), DataSection(exclude=str(path)))


def test_a_file_for_people_finds_names_that_it_had_to_change(tmp_path: Path) -> None:
    table = make_table(
        train={"=1+1.png": 0, "a\x1bb.png": 0, "c.png": 0, "d.png": 1, "e.png": 1},
        class_names=("apple", "=bee"),
        class_labels=("10", "20"),
    )
    review = tmp_path / "label_issues.csv"
    rows = [("=1+1.png", "apple", "=bee"), ("a\x1bb.png", "apple", "exclude")]
    review.write_text(people_csv(["image_path", "label", "decision"], rows))
    reviewed = review_table(table, DataSection(exclude=str(review), relabel=str(review)))
    assert reviewed.train.names == ("=1+1.png", "c.png", "d.png", "e.png")
    assert reviewed.label.tolist() == [1, 0, 1, 1]
