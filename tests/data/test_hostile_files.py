"""Files that wait for ever, have no end, or expand to many times their size are refused, in little memory.

Each is read in a separate process, which returns what was raised and the memory that was added.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from sketchfit.data.readers import read_table
from sketchfit.errors import UserError
from tests.data.hostile_readers import attempt
from tests.forked import forked_answer

ZEROS = 300_000_000


def refused(path: Path, reader: str) -> None:
    """Expect that a file is refused, within 60 seconds and 700 MB."""
    why, kilobytes = forked_answer(attempt, reader, path)
    assert why
    assert kilobytes < 700_000


READERS = {
    "state.json": "json",
    "a.yaml": "load_recipe",
    "a.csv": "read_sheet",
    "a.csv.gz": "read_sheet",
    "a.xlsx": "read_sheet",
    "a.json": "read_sheet",
    "a.ndjson": "read_sheet",
    "a.parquet": "read_sheet",
    "b.parquet": "member",
    "b.ndjson": "member",
    "a.png": "decode",
    "b.png": "content_digests",
    "a.safetensors": "weights",
    "a.pth": "weights",
}


@pytest.mark.parametrize("name", READERS)
def test_a_named_pipe_is_not_opened(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    refused(tmp_path / name, READERS[name])


@pytest.mark.parametrize("name", [name for name in READERS if not name.endswith(("safetensors", "pth"))])
def test_a_file_with_an_enormous_hole_is_not_read(name: str, tmp_path: Path) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(300_000_000_000)
    refused(tmp_path / name, READERS[name])


@pytest.mark.parametrize("name", ["a.csv", "a.png", "a.yaml"])
def test_a_device_is_not_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).symlink_to("/dev/zero")
    refused(tmp_path / name, READERS[name])


def _workbook(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(ZEROS))


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", bytes(ZEROS))


def _repeated(path: Path) -> None:
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, np.int32)), pa.array(["x" * 4_000_000]))
    pq.write_table(pa.table({"image_path": texts}), path, dictionary_pagesize_limit=10_000_000)


def _rows(path: Path) -> None:
    pq.write_table(pa.table({"image_path": pa.array(np.zeros(30_000_000, np.int8))}), path)


def _long(path: Path) -> None:
    pq.write_table(
        pa.table({"image": [bytes(ZEROS)]}), path, compression="zstd", use_dictionary=False, write_statistics=False
    )


def _laughs(depth: int, join: str) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] if join == "[{}]" else ["a0: &a0 {k: v}"]
    return "\n".join([*lines, *(f"a{n}: &a{n} {join.format(', '.join([f'*a{n - 1}'] * 9))}" for n in range(1, depth))])


BOMBS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "gzip": ("a.csv.gz", lambda path: path.write_bytes(gzip.compress(bytes(ZEROS), 6))),
    "bzip2": ("a.csv.bz2", lambda path: path.write_bytes(bz2.compress(bytes(ZEROS)))),
    "xz": ("a.csv.xz", lambda path: path.write_bytes(lzma.compress(bytes(ZEROS), preset=1))),
    "zip": ("a.csv.zip", _zip),
    "workbook": ("a.xlsx", _workbook),
    "cells": ("a.csv", lambda path: path.write_bytes(b"," * 60_000_000)),
    "parquet rows": ("a.parquet", _rows),
    "parquet texts": ("a.parquet", _repeated),
    "parquet bytes": ("a.parquet", _long),
    "json": ("a.json", lambda path: path.write_bytes(b"[" * 3_000_000)),
    "yaml aliases": ("a.yaml", lambda path: path.write_text(_laughs(12, "[{}]"))),
    "yaml merges": ("a.yaml", lambda path: path.write_text(_laughs(12, "{{<<: [{}]}}"))),
    "yaml depth": ("a.yaml", lambda path: path.write_text("a: " + "[" * 100_000)),
    "yaml blocks": ("a.yaml", lambda path: path.write_text("\n".join(" " * n + "a:" for n in range(2000)))),
    "yaml number": ("a.yaml", lambda path: path.write_text("seed: 1" + ":59" * 300_000)),
    "yaml itself": ("a.yaml", lambda path: path.write_text("a: &a [*a]")),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_file_that_expands_is_refused(kind: str, tmp_path: Path) -> None:
    name, make = BOMBS[kind]
    make(tmp_path / name)
    refused(tmp_path / name, "load_recipe" if name.endswith(".yaml") else "read_sheet")


def test_weights_and_arrays_that_expand_are_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(ZEROS, np.uint8))
    refused(tmp_path / "a.npz", "arrays")
    torch.save({"a": torch.zeros(ZEROS, dtype=torch.uint8)}, tmp_path / "plain.pth")
    with zipfile.ZipFile(tmp_path / "plain.pth") as plain, zipfile.ZipFile(tmp_path / "a.pth", "w") as packed:
        for one in plain.infolist():
            packed.writestr(one.filename, plain.read(one), zipfile.ZIP_DEFLATED)
    refused(tmp_path / "a.pth", "weights")


@pytest.mark.parametrize("name", ["train.csv", "test.csv.gz"])
def test_a_special_file_in_the_place_of_a_table_is_refused(name: str, tmp_path: Path) -> None:
    """Other tables, or folders, would be read otherwise, with other classes."""
    for label in ("axe", "bus"):
        (tmp_path / "images" / label).mkdir(parents=True)
        for number in range(3):
            Image.fromarray(np.full((8, 8), 30 * number, np.uint8)).save(tmp_path / "images" / label / f"{number}.png")
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match=name):
        read_table(tmp_path)
