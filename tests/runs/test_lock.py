"""One writer per folder: on this host by the kernel's lock, of other hosts by the time of `.writer.json`."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sketchfit.errors import UserError
from sketchfit.runs import lock as module
from sketchfit.runs.kernel_lock import KernelLock
from sketchfit.runs.launchers import is_first_process
from sketchfit.runs.lock import STALE, Writer, one_writer
from sketchfit.runs.marks import LOCK, MARK

HOLD = """
import sys, time
from pathlib import Path
from sketchfit.runs.lock import one_writer
with one_writer(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


def hold(folder: Path) -> subprocess.Popen[bytes]:
    """A process that keeps the lock until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"locked\n"
    return process


def other_host(folder: Path, seconds_ago: float) -> Writer:
    """A record of a process of another machine whose time was renewed so many seconds ago."""
    folder.mkdir(exist_ok=True)
    writer = Writer.this().model_copy(update={"host": "elsewhere", "boot": "another", "pid": 77})
    writer.write(folder)
    place = folder / Writer.PLACE
    at = place.stat().st_mtime - seconds_ago
    os.utime(place, (at, at))
    return writer


def test_a_second_process_is_refused_with_pid_and_host(tmp_path):
    process = hold(tmp_path / "run")
    try:
        with pytest.raises(UserError) as caught, one_writer(tmp_path / "run"):
            pass
    finally:
        process.kill()
        process.wait()
    writer = Writer.this()
    assert f"process {process.pid} on {writer.host}" in caught.value.problems[0]


def test_a_killed_process_leaves_no_lock(tmp_path, caplog):
    process = hold(tmp_path / "run")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert Writer.exists(tmp_path / "run")
    with caplog.at_level("INFO", "sketchfit"), one_writer(tmp_path / "run"):
        assert Writer.read(tmp_path / "run").pid == os.getpid()
    assert str(process.pid) in caplog.text
    assert not Writer.exists(tmp_path / "run")


def test_the_same_process_writes_once_at_a_time(tmp_path):
    with one_writer(tmp_path):
        with pytest.raises(UserError), one_writer(tmp_path):
            pass
        assert Writer.read(tmp_path).pid == os.getpid()  # the refused one removed nothing
    with one_writer(tmp_path):
        pass


def test_another_host_is_refused_while_it_renews_the_time(tmp_path):
    writer = other_host(tmp_path, STALE / 2)
    with pytest.raises(UserError) as caught, one_writer(tmp_path):
        pass
    assert "process 77 on elsewhere" in caught.value.problems[0]
    assert Writer.read(tmp_path) == writer


def test_a_silent_host_is_replaced_with_a_note(tmp_path, caplog):
    other_host(tmp_path, 2 * STALE)
    with caplog.at_level("INFO", "sketchfit"), one_writer(tmp_path):
        assert Writer.read(tmp_path).pid == os.getpid()
    assert "elsewhere" in caplog.text


def test_the_time_is_renewed_while_the_block_runs(tmp_path, monkeypatch):
    renewed = module.threading.Event()
    real = os.utime

    def utime(path, *rest):
        real(path, *rest)
        if Path(path).name == Writer.PLACE:
            renewed.set()

    monkeypatch.setattr(module, "BEAT", 0.001)
    monkeypatch.setattr(module.os, "utime", utime)
    with one_writer(tmp_path):
        assert renewed.wait(30)


def test_a_damaged_record_is_replaced(tmp_path):
    (tmp_path / Writer.PLACE).write_text('{"pid": ')
    with one_writer(tmp_path):
        assert Writer.read(tmp_path).pid == os.getpid()


def test_an_unused_folder_is_removed_and_a_used_one_stays(tmp_path):
    with pytest.raises(ZeroDivisionError), one_writer(tmp_path / "new" / "run"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo.jpg").touch()
    with one_writer(tmp_path / "mine"):
        assert (tmp_path / "mine" / LOCK).exists()
        assert not (tmp_path / "mine" / MARK).exists()  # it may have data
    assert [one.name for one in (tmp_path / "mine").iterdir()] == ["photo.jpg"]


def test_a_folder_that_was_made_for_results_stays_marked(tmp_path):
    with one_writer(tmp_path / "audit"):
        (tmp_path / "audit" / "index.html").touch()
    assert {one.name for one in (tmp_path / "audit").iterdir()} == {"index.html", LOCK, MARK}


@pytest.mark.skipif(os.name == "nt", reason="needs a file as a folder")
def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError), one_writer(tmp_path / "file" / "run"):
        pass


NO_LOCKS = [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL]


@pytest.fixture(params=NO_LOCKS)
def _no_locks(request, monkeypatch):
    """A file system without locks."""

    def refuse(*_):
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr("fcntl.flock", refuse)
    monkeypatch.setattr(module, "SETTLING", 0.0)


@pytest.mark.usefixtures("_no_locks")
def test_a_file_system_without_locks_can_be_written(tmp_path, caplog):
    with caplog.at_level("INFO", "sketchfit"), one_writer(tmp_path / "run"):
        assert Writer.read(tmp_path / "run").pid == os.getpid()
        (tmp_path / "run" / "file").touch()
    assert "no locks" in caplog.text
    assert not Writer.exists(tmp_path / "run")


@pytest.mark.usefixtures("_no_locks")
def test_without_locks_a_process_that_lives_is_refused_and_a_dead_one_replaced(tmp_path):
    with one_writer(tmp_path), pytest.raises(UserError), one_writer(tmp_path):
        pass
    Writer.this().model_copy(update={"pid": 2**22 + 1}).write(tmp_path)
    with one_writer(tmp_path):
        assert Writer.read(tmp_path).pid == os.getpid()


@pytest.mark.usefixtures("_no_locks")
def test_without_locks_a_process_of_another_container_is_refused_until_it_is_silent(tmp_path):
    Writer.this().model_copy(update={"pid": 2**22 + 1, "scope": "another"}).write(tmp_path)
    with pytest.raises(UserError), one_writer(tmp_path):
        pass
    at = (tmp_path / Writer.PLACE).stat().st_mtime - 2 * STALE
    os.utime(tmp_path / Writer.PLACE, (at, at))
    with one_writer(tmp_path):
        assert Writer.read(tmp_path).pid == os.getpid()


@pytest.mark.usefixtures("_no_locks")
def test_without_locks_the_last_of_two_that_begin_together_writes(tmp_path, monkeypatch):
    other = Writer.this().model_copy(update={"pid": 77})
    monkeypatch.setattr(module.time, "sleep", lambda _: other.write(tmp_path))
    with pytest.raises(UserError) as caught, one_writer(tmp_path):
        pass
    assert "process 77" in caught.value.problems[0]
    assert Writer.read(tmp_path) == other


def test_a_process_that_another_took_for_dead_stops_and_leaves_its_record(tmp_path, monkeypatch):
    stopped = module.threading.Event()
    monkeypatch.setattr(module, "BEAT", 0.01)
    monkeypatch.setattr(module, "request_stop", stopped.set)
    other = Writer.this().model_copy(update={"pid": 77, "host": "elsewhere"})
    with one_writer(tmp_path):
        other.write(tmp_path)
        assert stopped.wait(30)
    assert Writer.read(tmp_path) == other


def test_a_lock_whose_file_was_deleted_by_the_one_before_is_taken_again(tmp_path, monkeypatch):
    path, real, deleted = tmp_path / LOCK, fcntl.flock, []

    def flock(file, operation):
        real(file, operation)
        if not deleted:
            deleted.append(path.unlink())

    monkeypatch.setattr("fcntl.flock", flock)
    lock = KernelLock(path)
    assert lock.acquire() == "locked"
    assert KernelLock(path).acquire() == "busy"
    lock.release(delete=True)
    assert not path.exists()


def test_a_lock_is_never_a_link(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "run" / LOCK).symlink_to(tmp_path / "victim")
    with pytest.raises(UserError), one_writer(tmp_path / "run"):
        pass
    assert (tmp_path / "victim").read_text() == "precious"


def test_further_processes_of_one_training_are_no_second_writers(tmp_path, monkeypatch):
    with one_writer(tmp_path):
        monkeypatch.setenv("RANK", "1")
        monkeypatch.setenv("WORLD_SIZE", "2")
        with one_writer(tmp_path):
            pass
        assert Writer.exists(tmp_path)
        monkeypatch.delenv("WORLD_SIZE")
        with pytest.raises(UserError), one_writer(tmp_path):  # a rank of something else
            pass
        monkeypatch.delenv("RANK")


@pytest.mark.parametrize("kind", ["{}", "PMI_{}", "OMPI_COMM_WORLD_{}", "MV2_COMM_WORLD_{}"])
@pytest.mark.parametrize(("size", "rank", "first"), [("2", "0", True), ("2", "1", False), ("1", "3", True)])
def test_each_launcher_names_the_first_process(kind, size, rank, first):
    environ = {kind.format("SIZE") if "_" in kind else "WORLD_SIZE": size, kind.format("RANK"): rank}
    assert is_first_process(environ) == first
    assert is_first_process({})
    assert is_first_process({kind.format("RANK"): rank})
