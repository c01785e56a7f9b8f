"""Parquet tables that contain their images, as Hugging Face writes them."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from sketchfit.data.containers import read_member
from sketchfit.data.exif import read_exif
from sketchfit.data.images import ImageError, decode, read_image_file
from sketchfit.data.sheets import TableError, read_sheet, table_stem


def picture(grey: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (4, 4), grey).save(buffer, "PNG")
    return buffer.getvalue()


def hugging_face(path: Path, label: list[int], rows_per_group: int = 2, **fields: Any) -> Path:
    """A table as `datasets` writes it; row k has the grey value k, and row 2 no image."""
    images = [{"bytes": picture(k), "path": f"{k}.png"} for k in range(len(label))]
    features = {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    table = pa.table({"image": images, "label": label, **fields})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path, row_group_size=rows_per_group)
    return path


@pytest.mark.parametrize("rows_per_group", [1, 2, 100])
def test_rows_have_their_images(rows_per_group: int, tmp_path: Path) -> None:
    path = hugging_face(tmp_path / "train.parquet", [0, 1, 1, 0, -1], rows_per_group)
    sheet = read_sheet(path)
    assert sheet.header == ("image", "label", "label_name")
    assert sheet.column("label_name") == ("cat", "dog", "dog", "cat", "")
    assert sheet.column("image") == tuple(f"train.parquet#{k}" for k in range(1, 6))
    assert sheet.notes == ()
    with ThreadPoolExecutor(4) as pool:
        greys = pool.map(lambda cell: int(decode(tmp_path / cell)[0, 0]), sheet.column("image"))
        assert list(greys) == [0, 1, 2, 3, 4]
    for absent in ("train.parquet#0", "train.parquet#6", "train.parquet#99999999999999999999", "other.parquet#1"):
        with pytest.raises(ImageError):
            read_image_file(tmp_path / absent)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = hugging_face(tmp_path / "t.parquet", [0, 1])
    assert read_member(tmp_path / "t.parquet#2") == picture(1)
    pq.write_table(pa.table({"image": [{"bytes": picture(9), "path": None}], "label": [1]}), path)
    assert read_member(tmp_path / "t.parquet#1") == picture(9)
    assert read_member(tmp_path / "t.parquet#2") is None


def test_structs_without_bytes_are_paths(tmp_path: Path) -> None:
    images = [
        {"bytes": None, "path": "a/1.png"},
        {"bytes": picture(1), "path": "a/2.png"},
        {"bytes": None, "path": None},
        None,
    ]
    pq.write_table(pa.table({"image": images, "label": ["a", "b", "c", "d"]}), tmp_path / "t.parquet")
    assert read_sheet(tmp_path / "t.parquet").column("image") == ("a/1.png", "t.parquet#2", "", "")


def test_a_column_of_bytes(tmp_path: Path) -> None:
    images = pa.array([picture(7), picture(8), None], pa.large_binary())
    pq.write_table(pa.table({"id": [4, 5, 6], "png": images, "label": ["a", "b", "b"]}), tmp_path / "t.parquet")
    sheet = read_sheet(tmp_path / "t.parquet")
    assert sheet.column("png")[:2] == ("t.parquet#1", "t.parquet#2")
    assert np.all(decode(tmp_path / "t.parquet#2") == 8)
    with pytest.raises(ImageError):
        decode(tmp_path / "t.parquet#3")


def test_exif_of_images_inside_a_table(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "maker"
    Image.new("L", (4, 4)).save(buffer, "JPEG", exif=exif)
    images = [{"bytes": data, "path": None} for data in (picture(1), buffer.getvalue())]
    pq.write_table(pa.table({"image": images}), tmp_path / "t.parquet")
    assert read_exif([tmp_path / "t.parquet#1", tmp_path / "t.parquet#2"], 1)["Make"].tolist() == ["", "maker"]


def test_tables_without_images(tmp_path: Path) -> None:
    others = {"box": [{"x": 1}], "ids": [[1]], "key": [b"abc"], "none": pa.array([None], pa.binary())}
    pq.write_table(pa.table({"image": ["1.png"], **others}), tmp_path / "t.parquet")
    assert read_sheet(tmp_path / "t.parquet").rows == (("1.png",),)
    with pytest.raises(ImageError):
        read_image_file(tmp_path / "t.parquet#1")


@pytest.mark.parametrize(
    "metadata", [b"", b"[]", b"{}", b'{"info": []}', b'{"info": {"features": {"label": 3, "x": {"names": []}}}}']
)
def test_odd_metadata_is_ignored(metadata: bytes, tmp_path: Path) -> None:
    table = pa.table({"image": ["1.png"], "label": [0]}).replace_schema_metadata({"huggingface": metadata})
    pq.write_table(table, tmp_path / "t.parquet")
    assert read_sheet(tmp_path / "t.parquet").header == ("image", "label")


def test_a_table_in_several_files(tmp_path: Path) -> None:
    split = ["train", "test"]
    paths = [hugging_face(tmp_path / f"train-{k:05d}-of-00003.parquet", [k, k], split=split) for k in range(2)]
    with pytest.raises(TableError, match=r"of 3 files.*missing: 2"):
        read_sheet(paths[0])
    paths.append(hugging_face(tmp_path / "train-00002-of-00003-0123456789abcdef.parquet", [1], split=["train"]))
    hugging_face(tmp_path / "test-00000-of-00003.parquet", [1], split=["train"])
    for path in paths:
        sheet = read_sheet(path, f"data/{path.name}")
        assert sheet.column("label") == ("0", "0", "1", "1", "1")
        assert sheet.where(4) == f"row 1 of data/{paths[2].name}"
        assert sheet.take([4]).where(0) == sheet.where(4)
        assert [tmp_path / cell for cell in sheet.column("image")][4] == tmp_path / f"{paths[2].name}#1"
    assert table_stem(paths[2].name) == "train"
