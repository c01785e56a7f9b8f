"""Sizes count every file once, and the table has a row per extra."""

from __future__ import annotations

from pathlib import Path

from tools.install_sizes import extras, megabytes, table
from tools.lock_file import ROOT


def test_megabytes_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.so").write_bytes(b"0" * 1_500_000)
    (tmp_path / "2.py").write_bytes(b"0" * 500_000)
    (tmp_path / "3.pyc").write_bytes(b"0" * 500_000)
    assert megabytes(tmp_path) == 2.0


def test_the_table_names_what_was_not_there_before() -> None:
    text = table({"core": 250.4, "report": 1100.0}, {"core": 200.0})
    assert text.splitlines()[2:] == ["| `sketchfit` | 200 | 250 |", "| `sketchfit[report]` | – | 1,100 |"]


def test_extras_of_this_checkout() -> None:
    assert {"train", "serve", "dev"} <= set(extras(ROOT))
