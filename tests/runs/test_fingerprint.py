from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sketchfit.runs import fingerprint
from sketchfit.runs.fingerprint import file_digest


def test_a_file_that_did_not_change_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file, reads = tmp_path / "weights", []
    file.write_bytes(b"one")
    read = hashlib.file_digest
    monkeypatch.setattr(fingerprint.hashlib, "file_digest", lambda *given: reads.append(given) or read(*given))
    assert file_digest(file) == file_digest(file) == hashlib.sha256(b"one").hexdigest()
    assert len(reads) == 1
    file.write_bytes(b"other")
    assert file_digest(file) == hashlib.sha256(b"other").hexdigest()
