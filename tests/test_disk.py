"""Errors of a full disk are recognised from every library that writes, and leave no file."""

from __future__ import annotations

import errno
import os
import pickle
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from sketchfit.disk import DiskError, as_user_error, check_free, disk_error, reserve, writing
from sketchfit.errors import UserError
from sketchfit.files import atomic
from tests.factories import Cli

BIG = 2_000_000
"""Bytes: more than the small file system has."""

NOISE = np.random.Generator(np.random.Philox(0)).integers(0, 256, BIG, dtype=np.uint8)


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", NOISE.tobytes())


def _sqlite(path: Path) -> None:
    base = sqlite3.connect(path)
    base.execute("create table t (x blob)")
    base.execute("insert into t values (?)", [NOISE.tobytes()])
    base.commit()


def _picture(path: Path) -> None:
    Image.fromarray(NOISE[: 1400 * 1400].reshape(1400, 1400)).save(path, "PNG")


WRITERS: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_text("x" * BIG),
    "safetensors": lambda path: save_file({"a": torch.from_numpy(NOISE)}, path),
    "torch": lambda path: torch.save({"a": torch.from_numpy(NOISE)}, path),
    "npz": lambda path: np.savez(path.open("wb"), a=NOISE),
    "parquet": lambda path: pq.write_table(pa.table({"a": [NOISE.tobytes()]}), path),
    "pandas": lambda path: pd.DataFrame({"a": NOISE}).to_parquet(path),
    "zip": _zip,
    "sqlite": _sqlite,
    "picture": _picture,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_named_whichever_library_writes(name: str, small_disk: Path) -> None:
    place = small_disk / "deep" / "file"
    with pytest.raises(DiskError) as caught, atomic(place) as temporary:
        WRITERS[name](temporary)
    assert (caught.value.errno, caught.value.place) == (errno.ENOSPC, place)
    assert not [path for path in small_disk.rglob("*") if path.is_file() and not path.name.endswith("-journal")]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS])
def test_each_error_of_the_system_is_explained(number: int, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught, as_user_error(), writing(tmp_path / "a"):
        raise OSError(number, os.strerror(number))
    assert str(tmp_path) in caught.value.problems[0]
    assert ("cache clear" in caught.value.hint) is (number in (errno.ENOSPC, errno.EDQUOT))


def test_the_sizes_are_named(tmp_path: Path) -> None:
    text = DiskError(errno.ENOSPC, tmp_path / "not" / "there", 2_000_000_000).explained().problems[0]
    assert "2.0 GB needed" in text
    assert "free" in text


@pytest.mark.parametrize("error", [ValueError("no"), OSError(errno.EACCES, "denied"), UserError("File too large")])
def test_other_errors_stay(error: Exception, tmp_path: Path) -> None:
    assert disk_error(error) is None
    with pytest.raises(type(error)) as caught, as_user_error(), writing(tmp_path / "a"):
        raise error
    assert caught.value is error


def test_a_cause_is_found_and_sent_to_another_process(tmp_path: Path) -> None:
    error = RuntimeError("a thread has failed")
    error.__cause__ = OSError(errno.EDQUOT, "quota", str(tmp_path / "a"))
    found = disk_error(error)
    assert found is not None
    sent = pickle.loads(pickle.dumps(found))
    assert (type(sent), sent.errno, sent.place) == (DiskError, errno.EDQUOT, tmp_path / "a")


@pytest.mark.parametrize("supported", [True, False])
def test_space_is_reserved_and_content_stays(supported: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.write(b"begin")
        file.truncate(3_000_000)
    if not supported:
        monkeypatch.setattr("sketchfit.disk._allocated", lambda *_: False)
    reserve(path)
    assert path.stat().st_blocks * 512 >= 3_000_000
    assert path.read_bytes() == b"begin" + bytes(2_999_995)


def test_a_failed_write_without_a_reason_is_no_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0")
    for free, number in ((10**12, errno.EIO), (1000, errno.ENOSPC)):
        usage = type("Usage", (), {"free": free})()
        monkeypatch.setattr("sketchfit.disk.shutil.disk_usage", lambda _, usage=usage: usage)
        found = disk_error(error, tmp_path / "last.ckpt")
        assert found is not None
        assert found.errno == number
    assert disk_error(error) is None
    error.__context__ = OSError(errno.EDQUOT, "quota")
    found = disk_error(error, tmp_path / "last.ckpt")
    assert found is not None
    assert found.errno == errno.EDQUOT


def test_the_command_line_prints_one_sentence(cli: Cli, small_disk: Path) -> None:
    status, _, errors = cli("draw", small_disk / "data", "--classes", "20", "--per-class", "30")
    assert status == 2
    assert errors.startswith("error: ")
    assert str(small_disk) in errors
    assert "Traceback" not in errors


def test_a_name_that_is_too_long_is_the_mistake_of_the_user(cli: Cli, tmp_path: Path) -> None:
    names = "\n".join(["cat.png"] * 100)
    for command in (["check", names], ["predict", tmp_path, names], ["draw", names], ["report", names]):
        status, _, errors = cli(*command)
        assert (status, errors.count("cat.png") < 20, "Traceback" in errors) == (2, True, False), command


@pytest.mark.parametrize(
    ("free", "total", "refused"), [(10**8, 10**9, False), (99 * 10**6, 10**9, True), (0, 0, False)]
)
def test_space_is_compared_before_work(
    free: int, total: int, refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": free, "total": total})()
    monkeypatch.setattr("sketchfit.disk.shutil.disk_usage", lambda _: usage)
    place = tmp_path / "missing" / "folder"
    if not refused:
        check_free(place, 10**8)
        return
    with pytest.raises(DiskError) as caught:
        check_free(place, 10**8)
    explained = str(caught.value.explained())
    assert all(part in explained for part in (str(place), "99 MB free", "100 MB needed", "TMPDIR"))
