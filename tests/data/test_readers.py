from __future__ import annotations

import csv
import os
import re
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sketchfit.data.read_settings import ReadSettings, TableNames
from sketchfit.data.readers import read_table
from sketchfit.data.table import Table, fingerprint
from sketchfit.errors import UserError
from tests.data import malformed

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return malformed.good_data(tmp_path / "data")


def same(table: Table, other: Table) -> bool:
    return fingerprint(table) == fingerprint(other)


def rewrite(path: Path, change: Callable[[str], str | bytes]) -> None:
    new = change(path.read_text(encoding="utf-8"))
    path.write_bytes(new.encode() if isinstance(new, str) else new)


def test_competition_layout(data: Path) -> None:
    table = read_table(data, ReadSettings(folds=4))
    assert table.root == data
    assert table.class_names == malformed.CLASSES
    assert table.class_labels == ("0", "1", "2")
    assert table.train.paths[5] == "train/bus/sketch_1.JPEG"
    assert table.train.names[5] == "bus/sketch_1.JPEG"
    assert table.label.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert table.test.paths == tuple(f"test/{k}.JPEG" for k in range(5))
    assert table.submission is not None
    assert table.submission.columns == ("ID", "image_path", "target")
    assert table.submission.rows[3] == ("3", "3.JPEG", "0")
    assert table.submission.test_row.tolist() == [0, 1, 2, 3, 4]
    assert table.columns == {}
    assert table.notes == ()


@pytest.mark.parametrize(
    ("name", "classes", "train", "test"), [("quickdraw40", 40, 724, 327), ("quickdraw345", 345, 6243, 2824)]
)
def test_real_tables_read_without_a_note(name: str, classes: int, train: int, test: int) -> None:
    if not (SHARED / name).is_dir():
        pytest.skip(f"{SHARED / name} is not here")
    table = read_table(SHARED / name, ReadSettings(folds=3))
    assert (table.class_count, len(table.train), len(table.test)) == (classes, train, test)
    assert table.notes == ()
    with (SHARED / name / "test.csv").open() as file:
        assert table.test.names == tuple(row["image_path"] for row in csv.DictReader(file))
    frame = pd.read_csv(SHARED / name / "train.csv")
    np.testing.assert_array_equal(table.label, frame["target"])
    assert [table.class_names[k] for k in table.label] == frame["class_name"].tolist()


@pytest.mark.parametrize("broken", malformed.broken_tables(), ids=lambda broken: broken.kind)
def test_broken_tables_name_the_problem_and_its_line(broken: malformed.BrokenTable, data: Path) -> None:
    broken.spoil(data)
    with pytest.raises(UserError, match=broken.expected) as caught:
        read_table(data)
    assert caught.value.hint


def test_all_problems_are_reported_together(data: Path) -> None:
    malformed.append("train.csv", "cat,cat/99.JPEG,2\ncat,../../x.JPEG,2\ndog,bus/sketch_0.JPEG,x\n")(data)
    malformed.append("test.csv", "/etc/passwd\n")(data)
    malformed.edit("sample_submission.csv", "\n4,", "\n3,")(data)
    with pytest.raises(UserError) as caught:
        read_table(data)
    text = "\n".join(caught.value.problems)
    for part in (
        "leaves the data folder",
        "not an integer",
        "second label",
        "absolute",
        "'ID' repeated",
    ):
        assert part in text


def test_only_ten_rows_are_named_and_all_counted(data: Path) -> None:
    malformed.append("train.csv", "".join(f"cat,cat/{k}.JPEG,2\n" for k in range(100, 125)))(data)
    with pytest.raises(UserError) as caught:
        read_table(data, ReadSettings(missing="error"))
    (problem,) = caught.value.problems
    assert "(25 rows)" in problem
    assert "line 23 'cat/109.JPEG'" in problem
    assert "cat/110.JPEG" not in problem
    assert "and 15 more" in problem


def test_classes_with_fewer_images_than_folds_are_noted(data: Path) -> None:
    table = read_table(data, ReadSettings(folds=5))
    (note,) = [note for note in table.notes if "fewer images" in note]
    assert "5 folds: 'apple' (4), 'bus' (4), 'cat' (4)" in note
    assert not any("fewer images" in note for note in read_table(data, ReadSettings(folds=4)).notes)


def test_a_class_without_files_is_an_error(data: Path) -> None:
    shutil.rmtree(data / "train" / "bus")
    with pytest.raises(UserError, match="'bus'"):
        read_table(data)


def test_missing_training_files_can_be_dropped_and_are_noted(data: Path) -> None:
    (data / "train/bus/sketch_1.JPEG").unlink()
    with pytest.raises(UserError, match=r"line 7 'bus/sketch_1.JPEG'"):
        read_table(data, ReadSettings(missing="error"))
    table = read_table(data)
    assert len(table.train) == len(table.label) == 11
    assert "train/bus/sketch_1.JPEG" not in table.train.paths
    assert "line 7 'bus/sketch_1.JPEG'" in table.notes[0]


def test_missing_test_file_keeps_its_row(data: Path) -> None:
    (data / "test/2.JPEG").unlink()
    table = read_table(data)
    assert table.test.paths == tuple(f"test/{k}.JPEG" for k in range(5))
    assert "line 4 '2.JPEG'" in table.notes[0]


def test_repeated_rows_are_dropped_in_training_and_kept_in_test(data: Path) -> None:
    plain = read_table(data)
    malformed.append("train.csv", "apple,apple/sketch_1.JPEG,0\napple,./apple//sketch_2.JPEG,0\n")(data)
    malformed.append("test.csv", "0.JPEG\n")(data)
    malformed.append("sample_submission.csv", "5,0.JPEG,0\n")(data)
    table = read_table(data)
    assert table.train == plain.train
    assert "(2 rows): line 14" in table.notes[0]
    assert table.test.paths == (*plain.test.paths, "test/0.JPEG")
    assert table.submission is not None
    assert table.submission.test_row.tolist() == [0, 1, 2, 3, 4, 5]


def test_sample_in_another_order(data: Path) -> None:
    rewrite(data / "sample_submission.csv", lambda text: "\n".join([text.splitlines()[0], *text.splitlines()[:0:-1]]))
    submission = read_table(data).submission
    assert submission is not None
    assert submission.test_row.tolist() == [4, 3, 2, 1, 0]
    assert submission.rows[0] == ("4", "4.JPEG", "0")


def test_sample_with_ids_alone(data: Path) -> None:
    (data / "sample_submission.csv").write_text("ID,target\n1,0\n0,0\n2,0\n4,0\n3,0\n")
    submission = read_table(data).submission  # the IDs are the images' names without suffix
    assert submission is not None
    assert submission.test_row.tolist() == [1, 0, 2, 4, 3]
    (data / "test.csv").write_text("ID,image_path\nb,0.JPEG\na,1.JPEG\n")
    (data / "sample_submission.csv").write_text("ID,target\na,0\nb,0\n")
    submission = read_table(data).submission
    assert submission is not None
    assert submission.test_row.tolist() == [1, 0]


DIALECTS: dict[str, Callable[[str], str | bytes]] = {
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "bom": lambda text: text.encode("utf-8-sig"),
    "utf16": lambda text: text.encode("utf-16"),
    "semicolon": lambda text: text.replace(",", ";"),
    "tab": lambda text: text.replace(",", "\t"),
    "empty_lines": lambda text: text.replace("\n", "\n\n", 3) + "\n\n\n",
    "blank_rows_at_end": lambda text: text + ",,\n,,\n",
    "quoted": lambda text: "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in text.splitlines()),
    "no_last_newline": lambda text: text.rstrip("\n"),
    "header_case": lambda text: text.replace("class_name,image_path,target", " Class_Name ,Image_Path,TARGET"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_dialects_say_the_same(dialect: str, data: Path) -> None:
    plain = read_table(data)
    rewrite(data / "train.csv", DIALECTS[dialect])
    assert same(read_table(data), plain)


def test_decimal_labels_are_the_same_classes_under_their_own_labels(data: Path) -> None:
    plain = read_table(data)
    rewrite(data / "train.csv", lambda text: re.sub(r"([0-9])$", r"\1.0", text, flags=re.MULTILINE))
    table = read_table(data)
    assert table.class_labels == ("0.0", "1.0", "2.0")
    assert (table.class_names, table.label.tolist()) == (plain.class_names, plain.label.tolist())


def test_windows_separators(data: Path) -> None:
    plain = read_table(data)
    rewrite(data / "train.csv", lambda text: text.replace("/", "\\"))
    table = read_table(data)
    assert table.train.paths == plain.train.paths
    assert table.train.names[0] == "apple\\sketch_0.JPEG"


@pytest.mark.parametrize("encoding", ["cp949", "euc_kr", "utf-8", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_korean_names(encoding: str, form: str, data: Path) -> None:
    for english, korean in (("apple", "사과"), ("cat", "고양이")):
        (data / "train" / english).rename(data / "train" / unicodedata.normalize(form, korean))
        rewrite(data / "train.csv", lambda text, a=english, b=korean: text.replace(a, b))
    rewrite(data / "train.csv", lambda text: text.encode(encoding))
    table = read_table(data)
    assert table.class_names == ("사과", "bus", "고양이")
    assert all((data / path).is_file() for path in table.train.paths)
    assert bool(table.notes) == (encoding in ("cp949", "euc_kr"))


def test_quoted_commas_and_line_breaks(data: Path) -> None:
    (data / "train/apple").rename(data / "train/apple, red")
    rewrite(data / "train.csv", lambda text: text.replace("apple,apple/sketch_1", '"apple\n","apple, red/sketch_1'))
    rewrite(data / "train.csv", lambda text: text.replace("red/sketch_1.JPEG", 'red/sketch_1.JPEG"'))
    with pytest.raises(UserError) as caught:
        read_table(data, ReadSettings(missing="error"))
    (problem,) = caught.value.problems  # lines are counted in the file: the second row takes two
    assert "(3 rows): line 2 'apple/sketch_0.JPEG', line 5 'apple/sketch_2.JPEG', line 6" in problem


def test_letter_case_and_suffix_are_overlooked_where_clear(data: Path) -> None:
    plain = read_table(data)
    rewrite(data / "train.csv", lambda text: text.replace(".JPEG", ".jpeg").replace("bus/", "BUS/"))
    rewrite(data / "test.csv", lambda text: text.replace(".JPEG", ""))
    (data / "sample_submission.csv").unlink()
    table = read_table(data)
    assert table.train.paths == plain.train.paths
    assert table.test.paths == plain.test.paths
    shutil.copy(data / "train/apple/sketch_1.JPEG", data / "train/apple/SKETCH_1.jpg")
    shutil.copy(data / "train/apple/sketch_1.JPEG", data / "train/apple/SKETCH_1.Jpeg")
    with pytest.raises(UserError, match=r"may mean SKETCH_1.Jpeg or sketch_1.JPEG .*line 3 'apple/sketch_1.jpeg'"):
        read_table(data)


def test_folder_a_class(data: Path) -> None:
    for name in ("train.csv", "test.csv", "sample_submission.csv"):
        (data / name).unlink()
    for junk in (
        "train/apple/._sketch_0.JPEG",
        "train/apple/.DS_Store",
        "train/bus/Thumbs.db",
        "train/._bus",
        "test/._0.JPEG",
    ):
        (data / junk).write_bytes(b"junk")
    (data / "train/__MACOSX/apple").mkdir(parents=True)
    shutil.copy(data / "train/apple/sketch_0.JPEG", data / "train/__MACOSX/apple/sketch_0.JPEG")
    shutil.copy(data / "test/1.JPEG", data / "test/10.JPEG")
    table = read_table(data)
    assert table.class_names == malformed.CLASSES
    assert len(table.train) == 12
    assert table.label.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert table.train.names[0] == "apple/sketch_0.JPEG"
    assert table.test.names == ("0.JPEG", "1.JPEG", "2.JPEG", "3.JPEG", "4.JPEG", "10.JPEG")
    assert table.submission is None
    flat = read_table(data / "train")
    assert flat.train.paths == table.train.names
    assert len(flat.test) == 0
    for name in malformed.CLASSES:
        (data / "train" / name).rename(data / name)
    shutil.rmtree(data / "train")
    assert read_table(data).train == flat.train
    assert read_table(data).test == table.test


def test_class_folder_outside_is_refused(data: Path) -> None:
    for name in ("train.csv", "test.csv", "sample_submission.csv"):
        (data / name).unlink()
    shutil.move(data / "train/cat", data.parent / "cat")
    (data / "train/cat").symlink_to(data.parent / "cat")
    with pytest.raises(UserError, match=r"lead outside .*train/cat"):
        read_table(data)


def test_root_that_is_a_link_and_links_that_stay_inside(data: Path) -> None:
    (data.parent / "link").symlink_to(data)
    (data / "train/cat").rename(data / "cats")
    (data / "train/cat").symlink_to(data / "cats")
    table = read_table(data.parent / "link")
    assert table.train.paths[-1] == "train/cat/sketch_3.JPEG"


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet"])
def test_any_table_with_columns_named(kind: str, data: Path) -> None:
    frame = pd.read_csv(data / "train.csv").rename(columns={"class_name": "what", "image_path": "where"})
    frame = frame.drop(columns="target").assign(who=[f"p{k % 5}" for k in range(12)])
    shutil.move(data / "train", data / "images")
    (data / "train.csv").unlink()
    path = data / f"drawings.{kind}"
    if kind == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    for source in (path, data):
        table = read_table(source, ReadSettings(TableNames("where", "what")))
        assert table.class_names == malformed.CLASSES
        assert table.train.paths[0] == "images/apple/sketch_0.JPEG"
        assert table.columns["who"].tolist() == frame["who"].tolist()
        assert len(table.test) == 5
    with pytest.raises(UserError, match=r"no column 'wher' .*Did you mean 'where'\?.*--image-column"):
        read_table(path, ReadSettings(TableNames("wher", "what")))


def test_broken_parquet(data: Path) -> None:
    (data / "train.csv").unlink()
    (data / "train.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UserError, match=r"train\.parquet is not a readable Parquet"):
        read_table(data)


def test_names_where_the_table_has_none(data: Path) -> None:
    frame = pd.read_csv(data / "train.csv").drop(columns="class_name")
    frame.to_csv(data / "train.csv", index=False)
    assert read_table(data).class_names == malformed.CLASSES  # the folders are one to one with the numbers
    frame.loc[0, "image_path"] = "bus/sketch_9.JPEG"
    shutil.copy(data / "train/apple/sketch_0.JPEG", data / "train/bus/sketch_9.JPEG")
    frame.to_csv(data / "train.csv", index=False)
    table = read_table(data)
    assert table.class_names == ("0", "1", "2")
    assert [(one.kind, one.paths) for one in table.unused] == [("image", ("train/apple/sketch_0.JPEG",))]


def test_gaps_in_the_class_numbers_are_noted(data: Path) -> None:
    rewrite(data / "train.csv", lambda text: text.replace(",2\n", ",7\n").replace(",1\n", ",12\n"))
    table = read_table(data)
    assert table.class_labels == ("0", "7", "12")
    assert table.class_names == ("apple", "cat", "bus")
    assert table.label.tolist() == [0] * 4 + [2] * 4 + [1] * 4
    assert "1, 2, 3, 4, 5, 6, 8, 9, 10, 11" in table.notes[0]


def test_nested_folder_is_hinted_at(data: Path) -> None:
    assert len(read_table(data.parent).train) == 12  # the only folder has everything
    both = data.parent / "both"
    shutil.copytree(data, both / "first")
    shutil.copytree(data, both / "second")
    with pytest.raises(UserError, match="first/, second/") as caught:
        read_table(both)
    assert f"Did you mean {both / 'first'}?" in caught.value.hint


def test_train_and_test_named(data: Path) -> None:
    (data / "train.csv").rename(data / "labelled.csv")
    (data / "test.csv").rename(data / "unlabelled.csv")
    table = read_table(data, ReadSettings(TableNames(train="labelled.csv", test="unlabelled.csv")))
    assert (len(table.train), len(table.test)) == (12, 5)
    with pytest.raises(UserError, match="no file or folder 'absent'"):
        read_table(data, ReadSettings(TableNames(train="absent")))


def test_malformed_images_leave_all_rows(tmp_path: Path) -> None:
    root, bad_train, bad_test = malformed.data_with_malformed_images(tmp_path / "data")
    table = read_table(root)
    assert set(bad_train) < set(table.train.paths)
    assert set(bad_test) < set(table.test.paths)
    kinds = {**malformed.unreadable_images(), **malformed.damaged_images(), **malformed.odd_images()}
    assert len(table.test) == malformed.TEST_ROWS + 1 + len(kinds)
    assert len(malformed.unreadable_images()) + len(malformed.broken_tables()) >= 50


def test_names_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    for name in ("apple", "cup"):
        folder = tmp_path / name
        folder.mkdir()
        for k in range(2):
            Image.new("L", (8, 8), 255).save(folder / f"{k}.png")
    bad = os.fsencode(tmp_path / "apple") + b"/caf\xe9.png"
    Path(os.fsdecode(bad)).write_bytes((tmp_path / "apple" / "0.png").read_bytes())
    with pytest.raises(UserError, match=r"apple/caf.\.png: the file's name is not UTF-8"):
        read_table(tmp_path)


def test_further_columns_of_the_test_table_are_kept(data: Path) -> None:
    frame = pd.read_csv(data / "test.csv")
    frame.assign(drawer=[f"d{row % 2}" for row in range(len(frame))]).to_csv(data / "test.csv", index=False)
    table = read_table(data)
    assert list(table.test_columns) == ["drawer"]
    assert table.test_columns["drawer"].tolist() == [f"d{row % 2}" for row in range(len(table.test))]
