"""Large arrays of a process are in files that nobody else sees."""

from __future__ import annotations

import os

import numpy as np
import pytest

from sketchfit.disk import DiskError
from sketchfit.runs import scratch as scratch_module
from sketchfit.runs.scratch import scratch


def test_a_small_array_is_in_memory(tmp_path):
    found = scratch(tmp_path)((3, 4), np.float32)
    assert type(found) is np.ndarray
    assert found.shape == (3, 4)
    assert not found.any()


@pytest.mark.skipif(os.name == "nt", reason="all arrays are in memory")
def test_the_folder_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch_module, "SPACIOUS", 100)
    found = scratch(tmp_path / "new" / "cache")((100, 2), np.int64)
    assert isinstance(found, np.memmap)
    assert not found.any()


@pytest.mark.skipif(os.name == "nt", reason="all arrays are in memory")
def test_a_large_array_is_in_a_file_without_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch_module, "SPACIOUS", 100)
    allocate = scratch(tmp_path)
    first, second = allocate((100, 2), np.int64), allocate((100, 2), np.int64)
    first[:], second[:] = 1, 2
    assert isinstance(first, np.memmap)
    assert (first == 1).all()
    assert (second == 2).all()
    assert list(tmp_path.iterdir()) == []


def test_without_space_it_is_in_memory(tmp_path, monkeypatch):
    def refuse(path, shape, dtype):
        raise DiskError(28, path, 1)

    monkeypatch.setattr(scratch_module, "SPACIOUS", 100)
    monkeypatch.setattr(scratch_module, "create_npy", refuse)
    found = scratch(tmp_path / "missing")((100, 2), np.int64)
    assert type(found) is np.ndarray
    assert not found.any()


@pytest.mark.skipif(os.name == "nt", reason="all arrays are in memory")
def test_an_interruption_leaves_no_file(tmp_path, monkeypatch):
    def interrupt(path, shape, dtype):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(scratch_module, "SPACIOUS", 100)
    monkeypatch.setattr(scratch_module, "create_npy", interrupt)
    with pytest.raises(KeyboardInterrupt):
        scratch(tmp_path)((100, 2), np.int64)
    assert list(tmp_path.iterdir()) == []
