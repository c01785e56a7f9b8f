"""Layouts that are read, for tests and for docs/layouts.md."""

from __future__ import annotations

from tests.data.layouts.formats import FORMATS
from tests.data.layouts.one_table import ONE_TABLE
from tests.data.layouts.only_folders import ONLY_FOLDERS
from tests.data.layouts.several_tables import SEVERAL_TABLES
from tests.data.layouts.tree import Case

GROUPS: dict[str, tuple[Case, ...]] = {
    "Folders of classes and splits": ONLY_FOLDERS,
    "A table per split": SEVERAL_TABLES,
    "One table": ONE_TABLE,
    "Formats of tables": FORMATS,
}

CASES: tuple[Case, ...] = tuple(case for cases in GROUPS.values() for case in cases)
