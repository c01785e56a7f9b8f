"""Parquet, workbooks and JSON: the same table as in CSV; what is no table is named."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.sheets import Decoder, Sheet, TableError, read_sheet
from sketchfit.data.sheets.json_tables import read_json

FRAME = pd.DataFrame(
    {
        "image_path": ["a/1.png", "b/2.png", "b/3.png"],
        "label": ["007", "사과", "True"],
        "number": [1, 2, 30],
        "share": [1.0, 0.5, None],
        "flag": [True, False, True],
    }
)
WAYS = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "parquet": lambda frame, path: frame.to_parquet(path),
    "xlsx": lambda frame, path: frame.to_excel(path, index=False),
    "records.json": lambda frame, path: frame.to_json(path, orient="records"),
    "columns.json": lambda frame, path: frame.to_json(path, orient="columns"),
    "index.json": lambda frame, path: frame.to_json(path, orient="index"),
    "split.json": lambda frame, path: frame.to_json(path, orient="split"),
    "table.json": lambda frame, path: frame.to_json(path, orient="table", index=False),
    "list.json": lambda frame, path: path.write_text(json.dumps(frame.to_dict("list"))),
    "jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
    "lines.json": lambda frame, path: frame.to_json(path, orient="records", lines=True, force_ascii=False),
}  # fmt: skip


@pytest.mark.parametrize("kind", WAYS)
def test_a_table_is_the_same_in_all_formats(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"train.{kind}"
    WAYS[kind](FRAME, path)
    sheet = read_sheet(path)
    assert sheet.header == tuple(FRAME.columns)
    assert sheet.column("image_path") == ("a/1.png", "b/2.png", "b/3.png")
    assert sheet.column("label") == ("007", "사과", "True")
    assert sheet.column("number") == ("1", "2", "30")
    assert sheet.column("share")[2] == ""
    assert float(sheet.column("share")[1]) == 0.5
    assert sheet.column("flag") == ("True", "False", "True")
    assert sheet.notes == ()


def read(value: Any) -> Sheet:
    return read_json(json.dumps(value).encode(), "t.json", Decoder())


PAIRS = (("1.png", "cat"), ("2.png", "dog"))
SHAPES = {
    "by_path": {"1.png": "cat", "2.png": "dog"},
    "by_class": {"cat": ["1.png"], "dog": ["2.png"]},
    "rows_by_path": {"1.png": {"label": "cat"}, "2.png": {"label": "dog"}},
    "columns_by_path": {"label": {"1.png": "cat", "2.png": "dog"}},
    "list": {"image_path": ["1.png", "2.png"], "label": ["cat", "dog"]},
    "within": {"version": 1, "rows": [{"image_path": path, "label": label} for path, label in PAIRS]},
    "rows_by_number": {str(k): {"image_path": path, "label": label} for k, (path, label) in enumerate(PAIRS)},
    "rows_by_word": {
        "a": {"image_path": "1.png", "label": "cat"}, "b": {"image_path": "2.png", "label": "dog"}, "c": {},
    },
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_of_json(shape: str) -> None:
    sheet = read(SHAPES[shape])
    assert tuple(zip(sheet.column("image_path"), sheet.column("label"), strict=True))[:2] == PAIRS


def test_paths_without_suffix_by_class() -> None:
    sheet = read({"cat": ["cat/1", "cat/2"], "dog": ["dog/3", "dog/4"]})  # as many per class, as columns would have
    assert sheet.rows == (("cat/1", "cat"), ("cat/2", "cat"), ("dog/3", "dog"), ("dog/4", "dog"))
    assert read({"key": ["cat/1", "dog/3"], "label": ["cat", "dog"]}).header == ("key", "label")


def test_one_line_of_json_lines_is_one_row() -> None:
    sheet = read_json(b'{"image": "1.png", "label": 7}', "t.jsonl", Decoder(), by_line=True)
    assert (sheet.rows, sheet.where(0)) == ((("1.png", "7"),), "line 1")


def test_json_of_coco() -> None:
    images = [
        {"id": 1, "file_name": "1.png", "width": 8},
        {"id": 2, "file_name": "2.png"},
        {"id": 3, "file_name": "3.png"},
    ]
    labels = [{"image_id": 2, "category_id": 70}, {"image_id": 1, "category_id": 71}]
    names = [{"id": 70, "name": "cat"}, {"id": 71, "name": "dog"}]
    sheet = read({"info": {}, "images": images, "annotations": labels, "categories": names})
    assert sheet.column("file_name") == ("1.png", "2.png", "3.png")
    assert sheet.column("category_id") == ("71", "70", "")
    assert sheet.column("category_name") == ("dog", "cat", "")
    assert read({"images": images}).column("file_name") == ("1.png", "2.png", "3.png")


@pytest.mark.parametrize(
    "text", [
        "", " ", "{", "[]", "{}", "7", '"a"', "null", "[1, 2]", '{"a": 1}', '{"a": [1], "b": [1, 2]}', "[" * 100_000,
        '{"0": "cat", "1": "dog"}', '{"columns": ["a"], "data": [[1, 2]]}', '{"a": 1}\n[1]\n', '{"a": 1}\n{"a": \n',
    ],
)  # fmt: skip
def test_json_that_is_no_table_is_named(text: str) -> None:
    with pytest.raises(TableError, match=r"t\.json"):
        read_json(text.encode(), "t.json", Decoder())


keys = st.sampled_from(["images", "annotations", "categories", "columns", "data", "id", "1.png", "0"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
)


@given(values)
def test_any_json_is_a_table_or_a_table_error(value: Any) -> None:
    try:
        sheet = read(value)
    except TableError:
        return
    assert {len(row) for row in sheet.rows} <= {len(sheet.header)}


def workbook(*worksheets: list[list[Any]], formats: dict[str, str] | None = None) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in worksheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
        for cell, number_format in (formats or {}).items():
            sheet[cell].number_format = number_format
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_workbooks_as_people_make_them(tmp_path: Path) -> None:
    path = tmp_path / "train.xlsx"
    rows = [[], [None, "image", "label ", None], [None, "1.png", 7, None], [], [None, "2.png", "x"]]
    path.write_bytes(workbook(rows, [], formats={"C3": "000"}))
    sheet = read_sheet(path)
    assert (sheet.header, sheet.rows) == (("image", "label"), (("1.png", "007"), ("2.png", "x")))
    assert sheet.where(1) == "row 5"
    path.write_bytes(workbook([["a"]], [["b"]]))
    with pytest.raises(TableError, match="2 worksheets"):
        read_sheet(path)
    for content in (b"", b"PK\3\4", b"\xd0\xcf\x11\xe0", workbook([]), workbook(rows)[:-300]):
        path.write_bytes(content)
        with pytest.raises(TableError, match=r"train\.xlsx"):
            read_sheet(path)


def test_columns_that_are_no_cells_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"image": ["1.png"], "box": [[1, 2]], "raw": [b"x"]}), path)
    sheet = read_sheet(path)
    assert (sheet.header, sheet.rows) == (("image",), (("1.png",),))
    assert "'box', 'raw'" in sheet.notes[0]
    assert "'box'" in read([{"image": "1.png", "box": [1]}]).notes[0]
