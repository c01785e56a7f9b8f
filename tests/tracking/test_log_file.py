"""The log of a run: complete from its first line, appended by later starts, without secrets, and never in the way."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

import pytest

from sketchfit.tracking.console import ONCE, Console
from sketchfit.tracking.log_file import log_file

log = logging.getLogger("sketchfit.tests")


@pytest.fixture(autouse=True)
def console(monkeypatch: pytest.MonkeyPatch) -> None:
    Console("none")
    monkeypatch.setattr("sys.argv", ["/lib/sketchfit/__main__.py", "run", "data"])


def texts(path: Path) -> list[str]:
    """The lines without their times."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  |  ", line) for line in lines)
    return [re.sub(r"^\S+ \S+  ", "", line) for line in lines]


def test_lines_before_the_file_is_known_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    with log_file() as lines:
        log.info("first")
        assert not path.exists()
        lines.begin(path)
        log.warning("second\nmore")
    log.info("after the end")
    assert texts(path)[:3] == ["$ sketchfit run data", "first", "warning: second"]
    assert len(texts(path)) == 4
    times = [line[:19] for line in path.read_text(encoding="utf-8").splitlines()[:3]]
    assert times == sorted(times)


def test_a_later_start_is_added(tmp_path: Path) -> None:
    for text in ("one", "two"):
        with log_file() as lines:
            lines.begin(tmp_path / "log.txt")
            log.info(text)
    command = "$ sketchfit run data"
    assert texts(tmp_path / "log.txt") == [command, "one", command, "two"]


def test_secrets_and_control_characters_are_replaced(tmp_path: Path) -> None:
    with log_file() as lines:
        lines.begin(tmp_path / "log.txt")
        log.info("password=hunter22 \x1b[31m")
    assert texts(tmp_path / "log.txt")[1] == r"password=*** \x1b[31m"


def test_a_record_with_a_key_is_written_once(tmp_path: Path) -> None:
    with log_file() as lines:
        lines.begin(tmp_path / "log.txt")
        for _ in range(2):
            log.info("small", extra={ONCE: "small"})
    assert texts(tmp_path / "log.txt").count("small") == 1


def test_what_ends_a_run_early_is_its_last_line(tmp_path: Path) -> None:
    def fail() -> None:
        with log_file() as lines:
            lines.begin(tmp_path / "log.txt")
            raise ValueError("a reason")

    with pytest.raises(ValueError, match="reason"):
        fail()
    assert texts(tmp_path / "log.txt")[-1] == "ValueError: a reason"


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    with log_file() as lines:
        lines.begin(tmp_path / "missing" / "log.txt")
        log.info("text")
    assert not (tmp_path / "missing").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log.txt")
    with log_file() as lines:
        lines.begin(tmp_path / "log.txt")
        log.info("text")
    assert (tmp_path / "log.txt").is_fifo()


def test_a_record_that_cannot_be_formatted_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with log_file() as lines:
        lines.begin(tmp_path / "log.txt")
        lines.emit(logging.makeLogRecord({"msg": "%d", "args": ("a text",), "levelno": logging.INFO}))
        log.info("later")
    assert texts(tmp_path / "log.txt")[1:] == ["later"]
    assert "a text" in capsys.readouterr().err


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    outside, path = tmp_path / "outside.txt", tmp_path / "log.txt"
    outside.write_text("mine")
    path.symlink_to(outside)
    with log_file() as lines:
        lines.begin(path)
    assert outside.read_text() == "mine"
    assert not path.is_symlink()
