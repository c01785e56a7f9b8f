"""Random data sets for `fuzz_data.py`: files of a folder by path, as people have them and as damage leaves them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from PIL import Image

Files = dict[str, bytes]

COLUMNS = (
    "image_path", "image", "file_name", "path", "id", "ID", "label", "target", "class", "class_name", "split", "fold",
    "Usage", "confidence", "", "Image", "cat", "dog", "is_test", "decision", "사과", "x y", "7",
)  # fmt: skip
LABELS = (
    "cat", "dog", "Cat", "0", "1", "7", "007", "1.0", "-1", "True", "", " ", "nan", "사과", "é", "e\u0301", "a,b",
    "a;b", '"', "a\nb", "\u200bcat", "cat\xa0", "1e3", "0x1", "train", "test", "=1+1", "9" * 25, "١",
)  # fmt: skip
STEMS = (
    "1",
    "2",
    "3",
    "img_4",
    "IMG_4",
    "가",
    "é",
    "e\u0301",
    "a b",
    "a..b",
    "x#1",
    "-",
    "%41",
    "con",
    "a'b",
    "n" * 60,
)
FOLDERS = (
    "", "train", "test", "val", "images", "cat", "dog", "train/cat", "train/dog", "test/cat", "Training", "Testing/dog",
    "train_images", "images/cat", "사과", "train/train/cat", ".hidden", "__MACOSX", "labels", "data",
)  # fmt: skip
SUFFIXES = (
    ".png",
    ".jpg",
    ".JPEG",
    ".gif",
    "",
    ".bmp",
    ".webp",
    ".tiff",
    ".svg",
    ".heic",
    ".xyz",
    ".txt",
    ".mpo",
    ".ndjson",
)
TABLES = (
    "train.csv", "test.csv", "sample_submission.csv", "train.tsv", "train.txt", "test.txt", "labels.csv", "train.json",
    "train.jsonl", "train.parquet", "test.parquet", "train.xlsx", "train.csv.gz", "metadata.csv", "val.csv",
    "train/metadata.jsonl", "submission.csv", "trainLabels.csv", "train-00000-of-00001.parquet", "cat.ndjson",
    "data/train.csv",
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp949", "cp1252", "cp932", "gb18030", "latin-1")


def _image_bytes() -> tuple[bytes, ...]:
    made: list[bytes] = []
    for kind, mode in (
        ("PNG", "L"),
        ("PNG", "RGBA"),
        ("JPEG", "RGB"),
        ("GIF", "P"),
        ("BMP", "1"),
        ("TIFF", "I;16"),
        ("WEBP", "RGB"),
    ):
        pixels = np.random.default_rng(len(made)).integers(0, 255, (9, 7), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).convert(mode).save(buffer, kind)
        made.append(buffer.getvalue())
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M1 1L8 8" stroke="black"/></svg>'
    strokes = json.dumps({"word": "cat", "drawing": [[[0, 9], [0, 9]]]}).encode() + b"\n"
    return (*made, svg, strokes, strokes * 3)


IMAGES = _image_bytes()


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Content that is cut, changed, doubled, or as it was."""
    data = bytearray(content)
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 1, 3)))):
        place = draw(st.integers(0, 9999)) * len(data) // 9999
        change = draw(st.sampled_from(("cut", "set", "insert", "double", "drop")))
        if change == "cut":
            data = data[:place]
        elif change == "set" and place < len(data):
            data[place] = draw(st.integers(0, 255))
        elif change == "insert":
            data[place:place] = draw(st.binary(max_size=6))
        elif change == "double":
            data += data[place:]
        elif change == "drop":
            del data[place : place + draw(st.integers(1, 9))]
    return bytes(data)


@st.composite
def tables(draw: st.DrawFn, paths: list[str], with_labels: bool = True) -> pd.DataFrame:
    """Rows of image paths, mostly with labels, and other columns."""
    rows = list(paths) if draw(st.integers(0, 4)) else draw(st.lists(st.sampled_from([*paths, "gone.png", "../1.png"])))
    labels = draw(st.lists(st.sampled_from(LABELS), min_size=2, max_size=3, unique=True))
    columns: dict[str, list[str]] = {}
    if draw(st.integers(0, 6)):
        columns[draw(st.sampled_from(("image_path", "image", "file_name", "id", "Image")))] = rows
    if with_labels and draw(st.integers(0, 6)):
        cells = [labels[k % len(labels)] for k in range(len(rows))]
        columns[draw(st.sampled_from(("label", "target", "class_name", "class", "y")))] = cells
    for name in draw(st.lists(st.sampled_from(COLUMNS), max_size=0 if draw(st.booleans()) else 3, unique=True)):
        columns[name] = draw(st.lists(st.sampled_from(LABELS), min_size=len(rows), max_size=len(rows)))
    return pd.DataFrame(columns, dtype=object)


def written(table: pd.DataFrame, name: str, encoding: str, delimiter: str) -> bytes:
    """Content of a table file in the format of its name."""
    buffer = io.BytesIO()
    if name.endswith(".parquet"):
        inside = [{"bytes": IMAGES[k % 3], "path": f"{k}.png"} for k in range(len(table))]
        table.assign(image=pd.Series(inside, dtype=object)).to_parquet(buffer)
        return buffer.getvalue()
    if name.endswith(".xlsx"):
        table.map(lambda cell: "".join(c for c in cell if c >= " ")).to_excel(buffer, index=False)
        return buffer.getvalue()
    if ".json" in name or ".ndjson" in name:
        text = table.to_json(orient="records", lines=not name.endswith(".json"), force_ascii=False)
    else:
        lines = io.StringIO(newline="")
        csv.writer(lines, delimiter=delimiter).writerows([list(table.columns), *table.values.tolist()])
        text = lines.getvalue()
    data = text.encode(encoding, "replace")
    return gzip.compress(data, mtime=0) if name.endswith(".gz") else data


@st.composite
def data_sets(draw: st.DrawFn) -> Files:
    """Files of a data set: images in folders, tables of them, other files; then some of them are damaged."""
    files: Files = {}
    folders = draw(st.sampled_from((("train/cat", "train/dog"), ("train/cat", "train/dog", "test"), ("cat", "dog"))))
    for folder in folders if draw(st.integers(0, 4)) else ():
        for stem in STEMS[:3]:
            files[f"{folder}/{stem}.png"] = draw(st.sampled_from(IMAGES))
    for folder in draw(st.lists(st.sampled_from(FOLDERS), max_size=draw(st.sampled_from((0, 1, 4))), unique=True)):
        for stem in draw(st.lists(st.sampled_from(STEMS), max_size=3, unique=True)):
            path = f"{folder}/{stem}{draw(st.sampled_from(SUFFIXES))}".lstrip("/")
            files[path] = draw(st.sampled_from(IMAGES))
    for name in draw(st.lists(st.sampled_from(TABLES), max_size=3, unique=True)):
        files[name] = draw(_table_files(name, sorted(path for path in files if not path.endswith(TABLES))))
    for path in draw(
        st.lists(st.sampled_from(sorted(files) or ["a.png"]), max_size=draw(st.sampled_from((0, 0, 1, 3))))
    ):
        files[path] = draw(damaged(files.get(path, b"")))
    return files


@st.composite
def _table_files(draw: st.DrawFn, name: str, paths: list[str]) -> bytes:
    is_test = name.startswith(("test", "sample"))
    chosen = [path for path in paths if path.startswith("test") == is_test] or paths or ["1.png"]
    cut = draw(st.sampled_from(("", "train/", "test/")))
    table = draw(tables([path.removeprefix(cut) for path in chosen], not is_test or bool(draw(st.integers(0, 2)))))
    encoding = draw(st.sampled_from(ENCODINGS if draw(st.booleans()) else ENCODINGS[:1]))
    return written(table, name, encoding, draw(st.sampled_from(",,,;\t| ")))


@st.composite
def table_files(draw: st.DrawFn) -> tuple[str, bytes]:
    """Name and content of a table that is damaged in most cases."""
    name = draw(st.sampled_from(TABLES)).rpartition("/")[2]
    return name, draw(damaged(draw(_table_files(name, ["train/cat/1.png", "train/dog/2.png", "test/3.png"]))))


def damaged_images() -> st.SearchStrategy[bytes]:
    """Content of an image that is damaged in most cases."""
    return st.sampled_from(IMAGES).flatmap(damaged)


def settings() -> st.SearchStrategy[dict[str, Any]]:
    """What a user may set, mostly nothing."""
    columns = st.none() | st.sampled_from(COLUMNS)
    return st.just({}) | st.fixed_dictionaries(
        {},
        optional={
            "image_column": columns,
            "label_column": columns,
            "split_column": columns,
            "train": st.sampled_from((*TABLES, *FOLDERS[1:], "none")),
            "test": st.sampled_from((*TABLES, *FOLDERS[1:], "none")),
            "missing": st.sampled_from(("drop", "error")),
            "labels": st.sampled_from(("auto", "names", "integers")),
            "encoding": st.sampled_from((*ENCODINGS, "nonsense")),
        },
    )
