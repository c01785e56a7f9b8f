from __future__ import annotations

import errno
import os
import pickle
from pathlib import Path
from typing import Any, cast

import pytest

from sketchfit.disk import DiskError
from sketchfit.stages.planned import worker


def test_a_full_disk_is_reported_to_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The cause of an error is not sent with it, so the run would not know the reason."""

    def full(*_: object) -> None:
        cause = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "last.ckpt"))
        raise RuntimeError("the writer has failed") from cause

    monkeypatch.setattr(worker, "_train", full)
    unused = cast(Any, None)
    end = worker._end_of(unused, unused, unused)
    found = pickle.loads(pickle.dumps(end)).error
    assert isinstance(found, DiskError)
    assert (found.errno, found.place) == (errno.ENOSPC, tmp_path / "last.ckpt")
