from __future__ import annotations

import json
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketchfit.checksum import KEY
from sketchfit.errors import UserError
from sketchfit.files import atomic, output, read_json, write_json, write_output, write_text


def test_a_file_appears_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    with atomic(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == path.parent  # else the rename would be a copy
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_an_error_keeps_the_old_file_and_leaves_nothing_beside_it(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def half() -> None:
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _rewrite(path: Path) -> None:
    while True:
        write_text(path, "a" * 200_000)
        write_text(path, "b" * 200_000)


def test_a_kill_leaves_one_of_the_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "a" * 200_000)
    for wait in (0.05, 0.08, 0.13):
        process = multiprocessing.get_context("fork").Process(target=_rewrite, args=(path,))
        process.start()
        time.sleep(wait)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert path.read_text() in ("a" * 200_000, "b" * 200_000)


def test_text_is_written_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    write_text(path, "a\r\nb\nü\n")
    assert path.read_bytes() == "a\r\nb\nü\n".encode()
    write_text(path, "고양이", encoding="cp949")
    assert path.read_bytes().decode("cp949") == "고양이"


def test_json_takes_arrays_and_paths_and_refuses_nan(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"b": np.float32(0.5), "a": np.arange(3), "p": Path("x/y"), "ü": None})
    assert read_json(path) == {"b": 0.5, "a": [0, 1, 2], "p": "x/y", "ü": None}
    assert list(json.loads(path.read_text())) == ["b", "a", "p", "ü", KEY]
    for value in (float("nan"), object()):
        with pytest.raises((ValueError, TypeError)):
            write_json(path, {"x": value})
    assert read_json(path)["b"] == 0.5


def test_a_link_stays_and_its_target_changes(tmp_path: Path) -> None:
    target, link, second = tmp_path / "deep" / "target.txt", tmp_path / "link.txt", tmp_path / "second.txt"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to("deep/target.txt")
    second.symlink_to(link)
    write_output(second, "new")
    assert target.read_text() == "new"
    assert link.readlink() == Path("deep/target.txt")
    assert second.readlink() == link
    assert [path.name for path in target.parent.iterdir()] == ["target.txt"]


def test_a_link_to_nothing_makes_its_target(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("folder/target")
    write_output(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "target").read_text() == "new"


def test_what_cannot_be_a_file_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    (tmp_path / "folder").mkdir()
    (tmp_path / "to_folder").symlink_to("folder")
    before = sorted(tmp_path.iterdir())
    for name in ("one", "folder", "to_folder"):
        with pytest.raises(UserError) as caught:
            write_output(tmp_path / name, "new")
        assert str(tmp_path) in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "one").readlink() == Path("two")
    assert list((tmp_path / "folder").iterdir()) == []


@pytest.mark.parametrize("name", ["/proc/new.csv", "/proc/new/new.csv", "file/new.csv", "{long}/new.csv"])
def test_an_output_that_cannot_be_made_is_the_mistake_of_the_user(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"new\.csv cannot be written"):
        write_output(tmp_path / name.format(long="n" * 300), "new")


def test_an_error_of_another_file_is_not_that_of_the_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), output(tmp_path / "new"):
        (tmp_path / "input").read_text()


def device(folder: Path, name: str) -> Path:
    """A separate device, so that broken code cannot destroy that of the machine; /dev/NAME for users who cannot."""
    numbers = {"null": (1, 3), "full": (1, 7)}
    path = folder / name
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(*numbers[name]))
        os.close(os.open(path, os.O_WRONLY))
    except OSError:
        if os.geteuid() == 0:
            pytest.skip("no devices can be made here")
        return Path("/dev") / name
    return path


def test_a_device_is_written_and_stays_a_device(tmp_path: Path) -> None:
    null = device(tmp_path, "null")
    (tmp_path / "link").symlink_to(null)
    for path in (null, tmp_path / "link"):
        number = path.stat().st_rdev
        write_output(path, "text")
        assert path.is_char_device()
        assert path.stat().st_rdev == number
    assert (tmp_path / "link").is_symlink()


def test_a_full_device_is_an_error_and_stays(tmp_path: Path) -> None:
    full = device(tmp_path, "full")
    with pytest.raises(OSError, match="No space left"):
        write_output(full, "text")
    assert full.is_char_device()


def test_a_pipe_with_a_name_receives_the_text(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text()))
    reader.start()
    write_output(pipe, "text" * 50_000)
    reader.join()
    assert received == ["text" * 50_000]
    assert pipe.is_fifo()


@pytest.mark.parametrize("place", ["/dev/fd/{}", "/proc/self/fd/{}", "/proc/{pid}/fd/{}"])
def test_an_open_descriptor_receives_the_text(place: str, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    try:
        write_output(Path(place.format(writing, pid=os.getpid())), "text")
        os.close(writing)
        assert os.read(reading, 100) == b"text"
    finally:
        os.close(reading)


def test_standard_output_by_name_keeps_the_order_and_the_file(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from sketchfit.files import write_output\n"
        "print('first'); write_output(Path('/dev/stdout'), 'second\\n'); print('third')"
    )
    path = tmp_path / "log.txt"
    with path.open("w") as file:
        number = os.fstat(file.fileno()).st_ino
        subprocess.run([sys.executable, "-c", script], stdout=file, check=True)
    assert path.read_text() == "first\nsecond\nthird\n"
    assert path.stat().st_ino == number


def test_process_substitution_receives_the_text(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from sketchfit.files import write_output; "
        "write_output(Path(sys.argv[1]), 'text')"
    )
    command = f'{sys.executable} -c "{script}" >(cat > {tmp_path}/copy); wait $!'
    subprocess.run(["bash", "-c", command], check=True)
    for _ in range(100):
        if (tmp_path / "copy").is_file() and (tmp_path / "copy").read_text():
            break
        time.sleep(0.05)
    assert (tmp_path / "copy").read_text() == "text"


@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664), (0o000, 0o666)])
def test_a_new_file_follows_the_umask_whatever_writes_it(umask: int, expected: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        write_text(tmp_path / "text", "new")
        with atomic(tmp_path / "private") as temporary:
            temporary.unlink()  # as writers that make another file
            os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY, 0o600))
    finally:
        os.umask(before)
    for name in ("text", "private"):
        assert (tmp_path / name).stat().st_mode & 0o7777 == expected


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o400])
def test_a_file_that_is_replaced_keeps_its_permissions(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(mode)
    write_text(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o7777 == mode


def test_the_folder_is_flushed_after_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[tuple[bool, bool]] = []
    fsync = os.fsync

    def recorded(descriptor: int) -> None:
        flushed.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), (tmp_path / "file").exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", recorded)
    write_text(tmp_path / "file", "new")
    assert flushed == [(False, False), (True, True)]


@pytest.mark.parametrize("write", [atomic, output])
def test_a_file_of_an_own_folder_never_follows_a_link(write: Any, tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "run" / "state.json"
    victim.write_text("precious")
    path.parent.mkdir()
    path.symlink_to(victim)
    with write(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert victim.read_text() == ("precious" if write is atomic else "new")
    assert path.is_symlink() == (write is output)


def test_a_reader_that_leaves_early_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        write_output(Path(f"/dev/fd/{writing}"), "text" * 100_000)
    finally:
        os.close(writing)


def test_json_without_an_end_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(OSError, match="named pipe"):
        read_json(tmp_path / "pipe.json")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match="nested"):
        read_json(tmp_path / "deep.json")
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OSError, match="limit"):
        read_json(tmp_path / "large.json")
