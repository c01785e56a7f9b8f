"""Text that is written is read as the same cells."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.dialect import Dialect

CELLS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=5)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=4), quoted=st.booleans())
def test_cells_are_read_as_they_were_written(
    rows: list[list[str]], quoted: bool, delimiter: str, line_end: str
) -> None:
    text = Dialect(delimiter, line_end, quoted=quoted).text(("a", "b"), rows)
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) == [["a", "b"], *rows]
    assert text.endswith(line_end)
    assert not quoted or text.startswith('"a"')
