"""A run whose disk becomes full stops with a sentence, leaves no part of a file, and continues to the same result."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from tests.factories import Cli


@pytest.mark.parametrize("write", [1, *(pytest.param(one, marks=pytest.mark.slow) for one in (4, 15)), 9, 22])
def test_a_run_continues_after_a_full_disk(
    write: int, drawn: Path, plain: Path, tiny_file: Path, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, real, count = tmp_path / "run", os.fsync, 0

    def full(file: int) -> None:
        nonlocal count
        count += stat.S_ISREG(os.fstat(file).st_mode)
        if count == write and not stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", out)
    assert (status, errors.startswith("error: "), "Traceback" in errors) == (2, True, False)
    assert list(out.rglob(".*.part")) == []
    assert cli("run", drawn, "--recipe", tiny_file, "--out", out)[0] == 0
    assert (out / "submission.csv").read_bytes() == (plain / "submission.csv").read_bytes()


def test_a_store_that_does_not_fit_ends_with_a_sentence(
    drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path, small_disk: Path
) -> None:
    """Without reserved space, writing to mapped pages would be a bus error."""
    place = ["--set", f"data.cache={small_disk}", "--set", "data.size=512"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sketchfit.stages.check.check_disk", lambda *_: _no_need())
        status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", tmp_path / "run", *place)
    assert status == 2
    assert str(small_disk) in errors
    assert {path.suffix for path in small_disk.rglob("*")} <= {".lock", ".TAG"}
    status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", tmp_path / "other", *place)
    assert (status, "are free" in errors) == (2, True)


def _no_need() -> object:
    from sketchfit.stages.disk_space import DiskSpace

    return DiskSpace(0)
