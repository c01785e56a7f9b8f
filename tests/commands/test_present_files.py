"""What Python, file managers and killed processes leave in a folder does not prevent that it is written again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sketchfit.bundle.manifest import BundleManifest
from sketchfit.commands.bundle.place import check_place
from sketchfit.commands.present_files import present_files
from sketchfit.commands.push import check_folder
from sketchfit.errors import UserError
from sketchfit.remains import part_of
from tests.bundles import write_tiny_bundle

LEFT = (".DS_Store", "Thumbs.db", "desktop.ini", part_of(Path("model.safetensors")).name, ".model.onnx.123.part")


def leave(folder: Path) -> None:
    for name in LEFT:
        (folder / name).write_text("left")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "preprocess.cpython-311.pyc").write_bytes(b"left")


def test_what_others_leave_is_not_present(tmp_path: Path) -> None:
    leave(tmp_path)
    assert present_files(tmp_path) == set()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "folder").mkdir()
    assert present_files(tmp_path) == {"notes.txt", "folder"}


@pytest.mark.parametrize("check", [check_place, check_folder])
def test_a_folder_that_was_used_is_written_again(check: Callable[[Path], None], tmp_path: Path) -> None:
    write_tiny_bundle(tmp_path)
    assert BundleManifest.exists(tmp_path)
    leave(tmp_path)
    check(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"notes\.txt"):
        check(tmp_path)


@pytest.mark.parametrize("check", [check_place, check_folder])
def test_a_folder_with_nothing_else_counts_as_empty(check: Callable[[Path], None], tmp_path: Path) -> None:
    leave(tmp_path)
    check(tmp_path)
