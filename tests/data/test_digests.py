from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from sketchfit.data import digests
from sketchfit.data.digests import STEADY, ContentDigests, content_digests
from sketchfit.data.images import ImageError


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files that were read, in order."""
    found: list[Path] = []
    read = digests.read_image_file
    monkeypatch.setattr(digests, "read_image_file", lambda path: found.append(path) or read(path))
    monkeypatch.setattr(digests, "_KNOWN", {})
    return found


def _later(monkeypatch: pytest.MonkeyPatch, file: Path, seconds: float) -> None:
    status = file.stat()
    changed = max(status.st_mtime, status.st_ctime)
    monkeypatch.setattr(digests.time, "time", lambda: changed + seconds)


def test_both_digests_are_those_of_the_bytes():
    found = ContentDigests.of(b"abc")
    assert found.long == hashlib.blake2b(b"abc", digest_size=16).digest()
    assert found.short == hashlib.blake2b(b"abc", digest_size=8).digest()


def test_a_file_that_does_not_change_is_read_once(
    tmp_path: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"abc")
    _later(monkeypatch, file, STEADY + 1)
    assert content_digests(file) == content_digests(file) == ContentDigests.of(b"abc")
    assert reads == [file]


def test_a_changed_file_is_read_again_though_its_size_and_time_are_the_same(
    tmp_path: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"abc")
    os.utime(file, ns=(10**18, 10**18))
    _later(monkeypatch, file, STEADY + 1)
    content_digests(file)
    before = file.stat().st_ctime_ns
    while file.stat().st_ctime_ns == before:  # the clock of the file system is coarse
        file.write_bytes(b"xyz")
        os.utime(file, ns=(10**18, 10**18))
    assert content_digests(file) == ContentDigests.of(b"xyz")


def test_a_file_that_has_just_changed_is_read_each_time(
    tmp_path: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"abc")
    _later(monkeypatch, file, STEADY - 1)
    content_digests(file)
    content_digests(file)
    assert reads == [file, file]


def test_a_file_that_is_not_there_is_an_error_each_time(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ImageError):
            content_digests(tmp_path / "missing.png")
