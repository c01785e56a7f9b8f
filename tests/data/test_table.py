from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sketchfit.data.readers import read_table
from sketchfit.data.table import fingerprint
from tests.data import malformed


def test_fingerprint_sees_what_matters(tmp_path: Path) -> None:
    data = malformed.good_data(tmp_path / "data")
    table = read_table(data)
    assert fingerprint(table) == fingerprint(read_table(data))
    changed = [
        replace(table, label=table.label[::-1].copy()),
        replace(table, class_names=("x", "y", "z")),
        replace(table, test=replace(table.test, paths=table.test.paths[::-1])),
        replace(table, submission=None),
    ]
    assert len({fingerprint(other) for other in [table, *changed]}) == 5
    assert fingerprint(replace(table, root=Path("elsewhere"), notes=("x",))) == fingerprint(table)
