"""Folders that the code of commit 59e3438 wrote, unpacked where they may be changed."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

ARCHIVE = Path(__file__).with_name("made_at_59e3438") / "folders.zip"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Folder with `data`, `run`, `fit`, `both` and `expected`; see made_at_59e3438/README.md."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(tmp_path)
    return tmp_path
