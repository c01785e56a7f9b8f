"""Links that lead outside the data folder decide nothing without a word."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sketchfit.data.read_settings import ReadSettings
from sketchfit.data.readers import read_table
from sketchfit.errors import UserError
from tests.data import malformed


@pytest.mark.parametrize("name", ["train.csv", "test.csv", "sample_submission.csv"])
def test_a_table_that_is_a_link_outside_is_refused_or_followed(tmp_path: Path, name: str) -> None:
    root = malformed.good_data(tmp_path / "data")
    expected = read_table(root)
    shutil.move(root / name, tmp_path / name)
    (root / name).symlink_to(tmp_path / name)
    with pytest.raises(UserError, match="--follow-links") as caught:
        read_table(root)
    assert name in str(caught.value)
    found = read_table(root, ReadSettings(follow_links=True))
    assert found.train == expected.train
    assert found.class_labels == expected.class_labels


def test_only_links_outside_are_named(tmp_path: Path) -> None:
    root = malformed.good_data(tmp_path / "data")
    for name in ("train.csv", "test.csv", "sample_submission.csv"):
        (root / name).unlink()
    shutil.move(root / "train", tmp_path / "elsewhere")
    shutil.rmtree(root / "test")
    for image in (tmp_path / "elsewhere").rglob("*.JPEG"):
        link = root / "train" / image.relative_to(tmp_path / "elsewhere")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(image)
    with pytest.raises(UserError, match="--follow-links") as caught:
        read_table(root)
    assert "sketch_0.JPEG" in str(caught.value)
    assert len(read_table(root, ReadSettings(follow_links=True)).train) == 12


def test_a_linked_text_is_no_table(tmp_path: Path) -> None:
    root = malformed.good_data(tmp_path / "data")
    (tmp_path / "licence.txt").write_text("free")
    (root / "licence.txt").symlink_to(tmp_path / "licence.txt")
    assert len(read_table(root).train) == 12
