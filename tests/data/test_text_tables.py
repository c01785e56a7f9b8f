"""Text files as tables: whatever a cell holds comes back."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.text_tables import open_text, read_sheet
from sketchfit.errors import UserError


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


def test_western_text_is_not_taken_for_korean(tmp_path: Path) -> None:
    for word in ("élan", "café", "Müller", "naïve façade"):
        (tmp_path / "t.csv").write_bytes(f"label,image\n{word},1.png\n".encode("cp1252"))
        sheet = read_sheet(tmp_path / "t.csv")
        assert (sheet.rows[0][0], sheet.encoding, sheet.guessed) == (word, "cp1252", True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_the_text_of_a_table_is_decoded_like_the_table(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    path.write_bytes("id,사과\n1,0.5\n".encode(encoding))
    assert open_text(path) == "id,사과\n1,0.5\n"


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "bytes.csv").write_bytes(b"\x00\xc0\xff")
    for name in ("bytes.csv", "missing.csv", "."):
        with pytest.raises(UserError) as caught:
            open_text(tmp_path / name)
        assert str(tmp_path / name) in caught.value.problems[0]
