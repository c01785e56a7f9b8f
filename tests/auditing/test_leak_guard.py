"""External data that overlaps the user's own is refused, by name, unless it is allowed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sketchfit.auditing import AuditSettings, check_external
from sketchfit.config.audit import AuditSection
from sketchfit.data.table import Table
from sketchfit.errors import UserError
from tests.auditing.audit_sets import jpeg, make_table, png, scribble


@pytest.fixture
def table(tmp_path: Path) -> Table:
    train: dict[str, tuple[int, bytes | None]] = {f"train/{k}.JPEG": (k % 2, jpeg(scribble(k))) for k in range(6)}
    return make_table(tmp_path / "data", train, {f"test/{k}.JPEG": jpeg(scribble(10 + k)) for k in range(3)})


def external(tmp_path: Path, **images: bytes) -> Path:
    folder = tmp_path / "extra"
    folder.mkdir()
    for name, data in images.items():
        (folder / f"{name}.png").write_bytes(data)
    return folder


def test_a_test_image_is_refused_by_name(table: Table, tmp_path: Path) -> None:
    folder = external(
        tmp_path,
        a_new=png(scribble(50)),
        copied=png(np.rot90(scribble(11)).copy()),
        trained=png(scribble(3)[:, ::-1]),
    )
    with pytest.raises(UserError) as caught:
        check_external(table, [folder], AuditSettings(), tmp_path / "cache")
    problems = caught.value.problems
    assert problems[0] == (
        "2 of 3 external images are copies of images in the tables: 1 of the test set, 1 of the training set."
    )
    assert problems[1].startswith(f"{folder / 'copied.png'} is test/1.JPEG (")
    assert problems[2].startswith(f"{folder / 'trained.png'} is train/3.JPEG (mirrored")
    assert "audit.allow_overlap=true" in caught.value.hint


def test_allowed_overlap_is_said_loudly(table: Table, tmp_path: Path) -> None:
    folder = external(tmp_path, copied=png(scribble(12)), broken=b"")
    check = check_external(table, [folder], AuditSettings(AuditSection(allow_overlap=True)), tmp_path / "cache")
    assert [(one.path, one.split) for one in check.overlaps] == [("test/2.JPEG", "test")]
    assert check.notes[0].startswith("WARNING: 1 of 1 external images")
    assert check.unreadable == {folder / "broken.png": "file is empty (0 bytes)"}


def test_an_image_of_both_counts_as_the_test_sets(table: Table, tmp_path: Path) -> None:
    (table.root / "test/0.JPEG").write_bytes(jpeg(scribble(2)))  # now a copy of train/2.JPEG
    folder = external(tmp_path, copied=png(scribble(2)))
    check = check_external(table, [folder], AuditSettings(AuditSection(allow_overlap=True)), tmp_path / "cache")
    assert [one.path for one in check.overlaps] == ["test/0.JPEG"]


def test_new_drawings_pass_in_silence(table: Table, tmp_path: Path) -> None:
    folder = external(tmp_path, one=png(scribble(60)), twin=png(scribble(60)[::-1]))
    check = check_external(table, [folder], AuditSettings(), tmp_path / "cache")
    assert (check.images, check.overlaps, check.notes) == (2, (), ())
