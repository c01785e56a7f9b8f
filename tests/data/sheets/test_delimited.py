"""Delimited text: whatever a cell holds comes back; lists without column names; index columns; compressed files."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.sheets import Sheet, TableError, is_table_name, read_sheet, table_rank, table_stem


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), min_size=1, max_size=5))
def test_csv_cells_survive(rows: list[tuple[str, str]]) -> None:
    rows = [(f"x{a}".replace("\0", ""), b.replace("\0", "")) for a, b in rows]
    if any(0xD800 <= ord(character) <= 0xDFFF for row in rows for cell in row for character in cell):
        return
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([("image", "label"), *rows])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(buffer.getvalue().encode())
        assert read_sheet(path).rows == tuple(rows)


def read(text: str, tmp_path: Path, name: str = "t.csv") -> Sheet:
    (tmp_path / name).write_text(text)
    return read_sheet(tmp_path / name)


LISTS = {
    "comma": "cat/1.png,cat\ndog/2.png,dog\n",
    "tab": "cat/1.png\tcat\ndog/2.png\tdog\n",
    "label_first": "cat,cat/1.png\ndog,dog/2.png\n",
    "blanks": "cat/1.png cat\n\ndog/2.png   dog\n",
    "without_suffix": "cat/1,cat\ndog/2,dog\n",
    "blanks_without_suffix": "cat/1 cat\ndog/2 dog\n",
    "counted": "0,cat/1.png,cat\n1,dog/2.png,dog\n",
    "counted_from_1": "1;cat/1.png;cat\n2;dog/2.png;dog\n",
    "blank_in_path": "big cat/1.png cat\nbig dog/2.png dog\n",
}


@pytest.mark.parametrize("kind", LISTS)
def test_lists_without_column_names(kind: str, tmp_path: Path) -> None:
    sheet = read(LISTS[kind], tmp_path, "train.txt")
    assert sheet.column("label") == ("cat", "dog")
    assert [path.split(".")[0][-1] for path in sheet.column("image_path")] == ["1", "2"]
    assert not sheet.has_header
    assert sheet.lines == ((1, 3) if kind == "blanks" else (1, 2))
    assert "image_path" in sheet.notes[0]


def test_blanks_in_labels_and_column_names(tmp_path: Path) -> None:
    sheet = read("my cat/1.png big cat\nmy dog/2.png dog\n", tmp_path, "train.txt")
    assert sheet.rows == (("my cat/1.png", "big cat"), ("my dog/2.png", "dog"))
    sheet = read("path label\n1.png cat\n2.png big dog\n", tmp_path, "train.txt")
    assert (sheet.header, sheet.rows) == (("path", "label"), (("1.png", "cat"), ("2.png", "big dog")))
    assert (sheet.has_header, sheet.lines) == (True, (2, 3))
    sheet = read("words of a text\nand more a/b words\n", tmp_path, "notes.txt")
    assert sheet.header == ("words of a text",)


def test_a_column_name_with_a_slash_is_no_path(tmp_path: Path) -> None:
    sheet = read("image,w/h,label\n1.png,3/4,cat\n2.png,4/4,dog\n", tmp_path)
    assert sheet.header == ("image", "w/h", "label")
    sheet = read("what;file/name;w/h\ncat;a/1.png;3/4\ndog;b/2.png;4/4\n", tmp_path)
    assert sheet.header == ("what", "file/name", "w/h")


@pytest.mark.parametrize("paths", ["1.png,2.png", "a/1.png,b/2.png", "a/b/1.png,2.png"])
@pytest.mark.parametrize("name", ["File/Name", "Pfad/Bild", "Image Path", "my/Image Path"])
def test_a_column_name_with_a_slash_or_a_blank_names_paths(name: str, paths: str, tmp_path: Path) -> None:
    one, two = paths.split(",")
    for text in (f"{name},What\n{one},cat\n{two},dog\n", f"{name}\n{one}\n{two}\n"):
        sheet = read(text, tmp_path)
        assert (sheet.header[0], sheet.column(name)) == (name, (one, two))


@pytest.mark.parametrize("head", ["Image Path\n", "File Name\n", ""])
@pytest.mark.parametrize("folder", ["", "test/", "my tests/"])
def test_a_list_of_paths_with_blanks_has_one_column(head: str, folder: str, tmp_path: Path) -> None:
    paths = tuple(f"{folder}my drawing{k}.png" for k in range(3))
    sheet = read(head + "\n".join(paths), tmp_path)
    assert sheet.rows == tuple((path,) for path in paths)
    assert sheet.has_header == bool(head)


def test_a_list_whose_columns_are_not_clear(tmp_path: Path) -> None:
    sheet = read("1.png,red,cat\n2.png,blue,dog\n", tmp_path)
    assert sheet.header == ("image_path", "column 2", "column 3")
    assert read("1.png\n2.png\n", tmp_path).header == ("image_path",)
    with pytest.raises(TableError, match=r"line 2 has 3"):
        read("1.png,red\n2.png,blue,dog\n", tmp_path)


@pytest.mark.parametrize(
    "text",
    ["a1,cat\na2,dog\na3,cat\n", "7,cat\n9,dog\n8,cat\n", "0,0\n1,1\n2,0\n", "31\n45\n12\n", "x01\nx02\nx03\n"],
)
def test_ids_without_column_names(text: str, tmp_path: Path) -> None:
    sheet = read(text, tmp_path)
    assert not sheet.has_header
    assert len(sheet.rows) == 3
    assert "column 1" in sheet.notes[0]


@pytest.mark.parametrize(
    "text",
    [
        "fname,species\na1,cat\na2,dog\nfname,species\na3,cat\n",  # two tables, one after the other
        "name,0,1\na1,0,1\na2,1,0\na3,1,0\n",
        "0,1\n5,1\n6,2\n7,1\n",
        "0\n5\n6\n7\n",
        "key,kind\na1,cat\na2,dog\na3,cat\n",
        "image_1,label\nimage_2,cat\nimage_3,dog\nimage_4,cat\n",
    ],
)
def test_unusual_column_names(text: str, tmp_path: Path) -> None:
    sheet = read(text, tmp_path)
    assert sheet.has_header
    assert list(sheet.header) == text.split("\n")[0].split(",")


@pytest.mark.parametrize("text", ["", "\n \n", '""', '""\n', '""\n""\n', ",,", ",,\n,,\n", ";", "\t\t\n"])
def test_a_table_without_content_is_empty(text: str, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"^t.csv is empty"):
        read(text, tmp_path)


@pytest.mark.parametrize(
    "header", ["id;label (cat, dog)", "id;label (a, b, c, d)", 'id;"label; c, d, e"', "id;w, h, d|label"]
)
def test_the_delimiter_is_one_that_the_rows_have_as_often(header: str, tmp_path: Path) -> None:
    sheet = read(f"{header}\n0;a\n1;b\n2;a, b\n", tmp_path)
    assert len(sheet.header) == 2
    assert sheet.column("id") == ("0", "1", "2")
    assert sheet.dialect.delimiter == ";"


def test_cells_may_be_long(tmp_path: Path) -> None:
    mask = "1 2 " * 40_000
    assert read(f"image,label,mask\n1.png,cat,{mask}\n", tmp_path).column("mask") == (mask,)
    with pytest.raises(TableError, match=r"line 2: .*not closed"):
        read(f'image,label\n1.png,"{mask}\n2.png,dog\n', tmp_path)


def test_the_line_that_sets_excels_delimiter(tmp_path: Path) -> None:
    sheet = read("sep=;\nimage;label\n1.png;a,b,c\n", tmp_path)
    assert (sheet.header, sheet.rows, sheet.lines) == (("image", "label"), (("1.png", "a,b,c"),), (3,))


@pytest.mark.parametrize(
    "text",
    [
        "image,label\n1,1.png,cat\n2,2.png,dog\n",
        ",image,label\n0,1.png,cat\n1,2.png,dog\n",
        "image,label\n1.png,cat,\n2.png,dog,\n",
    ],
    ids=["of_r", "of_pandas", "delimiter_at_the_end"],
)
def test_index_columns(text: str, tmp_path: Path) -> None:
    sheet = read(text, tmp_path)
    assert sheet.column("image") == ("1.png", "2.png")
    assert sheet.column("label") == ("cat", "dog")
    assert bool(sheet.notes) == text.startswith("image,label\n1,")


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inner/train.csv", data)
        archive.writestr("__MACOSX/inner/._train.csv", b"junk")
    return buffer.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zip": zipped,
}  # fmt: skip


@pytest.mark.parametrize("kind", PACKERS)
def test_compressed_tables(kind: str, tmp_path: Path) -> None:
    data = "image,label\n1.png,사과\n".encode()
    path = tmp_path / f"train.csv{kind}"
    path.write_bytes(PACKERS[kind](data))
    assert read_sheet(path).rows == (("1.png", "사과"),)
    for broken in (PACKERS[kind](data)[:-12], data, b""):
        path.write_bytes(broken)
        with pytest.raises(TableError, match=r"train\.csv"):
            read_sheet(path)


def test_compressed_tables_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketchfit.data.sheets.packed.MAX_UNPACKED", 1000)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(bytes(1001)))
    with pytest.raises(TableError, match="larger than"):
        read_sheet(tmp_path / "t.csv.gz")


def test_other_formats_with_a_wrong_suffix_are_named(tmp_path: Path) -> None:
    for content, expected in ((gzip.compress(b"a"), "gz"), (b"PAR1", "parquet"), (b"PK\3\4", "xlsx")):
        (tmp_path / "t.csv").write_bytes(content)
        with pytest.raises(TableError, match=expected):
            read_sheet(tmp_path / "t.csv")


def test_names_of_tables() -> None:
    assert [table_stem(name) for name in ("a/Train.CSV", "train.csv.gz", "train.v2.tsv", "train")] == [
        "Train", "train", "train.v2", "train",
    ]  # fmt: skip
    assert not any(map(is_table_name, (".train.csv", "~$train.xlsx", "train.gz", "a.csv/readme", "train")))
    assert min(["t.parquet", "t.csv.gz", "t.csv", "t.tsv"], key=table_rank) == "t.csv"
