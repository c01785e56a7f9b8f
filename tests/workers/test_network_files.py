from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.workers import network_files
from sketchfit.workers.network_files import ChangedFiles, apply_files, read_files, write_files


def test_files_are_the_same_in_both_folders_after_each_look(tmp_path: Path):
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    changed = ChangedFiles(own)
    assert changed.look() is None
    contents = [b"one", b"two", b"three"]
    for number, content in enumerate(contents):
        if number:
            (own / "last.ckpt").replace(own / "previous.ckpt")
        (own / "last.ckpt").write_bytes(content)
        found = changed.look()
        assert found is not None
        assert set(found.files) == {"last.ckpt"}
        assert found.renamed == ((("last.ckpt", "previous.ckpt"),) if number else ())
        apply_files(other, found)
        assert read_files(own, checkpoints=True) == read_files(other, checkpoints=True)
    assert changed.look() is None


def test_checkpoints_that_changed_twice_between_looks_are_sent_completely(tmp_path: Path):
    own, other = tmp_path / "own", tmp_path / "other"
    (own / "candidate1").mkdir(parents=True)
    changed = ChangedFiles(own)
    for content in (b"1", b"2", b"3"):
        last = own / "candidate1" / "last.ckpt"
        if last.exists():
            last.replace(last.with_name("previous.ckpt"))
        last.write_bytes(content)
    found = changed.look()
    assert found is not None
    apply_files(other, found)
    assert read_files(other, checkpoints=True) == {"candidate1/last.ckpt": b"3", "candidate1/previous.ckpt": b"2"}


def test_that_a_network_is_finished_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    order = []
    real = network_files.atomic
    monkeypatch.setattr(network_files, "atomic", lambda path: order.append(path.name) or real(path))
    write_files(tmp_path, {"done.json": b"{}", "oof.npz": b"o", "zz.csv": b"z"})
    assert order[-1] == "done.json"


def test_what_a_worker_sends_stays_in_the_folder(tmp_path: Path):
    folder = tmp_path / "network"
    with pytest.raises(ValueError, match="no file"):
        write_files(folder, {"../escaped": b""})
    assert not (tmp_path / "escaped").exists()


def test_neither_logs_nor_half_written_files_travel(tmp_path: Path):
    for name in ("log.txt", ".oof.npz.12-abcdef01.part", "oof.npz", "last.ckpt"):
        (tmp_path / name).write_bytes(b"x")
    assert set(read_files(tmp_path, checkpoints=False)) == {"oof.npz"}
    assert set(read_files(tmp_path, checkpoints=True)) == {"oof.npz", "last.ckpt"}
