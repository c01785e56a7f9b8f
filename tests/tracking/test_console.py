from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest
from rich.table import Table

from sketchfit.tracking.console import LOGGER, ONCE, Console, duration


@pytest.fixture(autouse=True)
def _own_handlers() -> Iterator[None]:
    logger = logging.getLogger(LOGGER)
    before = logger.handlers, logger.level, logger.propagate
    yield
    logger.handlers, level, logger.propagate = before
    logger.setLevel(level)


def test_records_of_all_rooms_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    Console("plain")
    logging.getLogger("sketchfit.data.store").info("100 % [of] images")
    logging.getLogger("sketchfit").warning("careful")
    logging.getLogger("elsewhere").warning("no")
    shown = capsys.readouterr()
    assert shown.out == "100 % [of] images\nwarning: careful\n"


def test_the_latest_console_prints_and_only_it(capsys: pytest.CaptureFixture[str]) -> None:
    Console("plain")
    Console("plain")
    logging.getLogger("sketchfit").info("once")
    assert capsys.readouterr().out == "once\n"
    Console("none")
    logging.getLogger("sketchfit").warning("never")
    assert capsys.readouterr() == ("", "")


def test_a_library_that_configures_logging_does_not_print_lines_twice(capfd: pytest.CaptureFixture[str]) -> None:
    Console("plain")
    root = logging.getLogger()
    handler = logging.StreamHandler()
    root.addHandler(handler)
    try:
        logging.getLogger("sketchfit").info("once")
    finally:
        root.removeHandler(handler)
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("once\n", "")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (99, "99 s"), (100, "1 min 40 s"), (5999, "99 min 59 s"), (7500, "2 h 05 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_of_records_with_one_key_the_first_is_printed_by_each_console(capsys):
    for _ in range(2):
        Console("plain")
        for text, key in [("one", "a"), ("two", "a"), ("three", "b"), ("four", None)]:
            logging.getLogger("sketchfit").info(text, extra={ONCE: key} if key else None)
        assert capsys.readouterr().out == "one\nthree\nfour\n"


@pytest.mark.parametrize("mode", ["plain", "rich"])
def test_names_are_printed_as_they_are_but_for_control_characters(mode, capsys):
    console = Console(mode)
    log = logging.getLogger("sketchfit")
    for text in ("[red]x[/red] :cat: [/]", "a\x1b[31mb\x07", "c\u202ed", "first\nwarning: forged"):
        log.info(text)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("[/b] :cat:", "e\x1b[2Jf")
    console.rich.print(table)
    with console.bar("[/b]\x1b[2J", total=2) as advance:
        advance(1, "[/i]")
    shown = capsys.readouterr().out
    assert "[red]x[/red] :cat: [/]\n" in shown
    assert r"a\x1b[31mb\x07" in shown
    assert r"c\u202ed" in shown
    assert "first\n  warning: forged\n" in shown
    assert r"[/b] :cat: e\x1b[2Jf" in shown.replace("  ", " ")
    assert "\x1b[2J" not in shown


class _Broken(io.StringIO):
    encoding = "ascii"  # type: ignore[assignment]

    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("mode", ["plain", "rich"])
def test_an_output_that_fails_stops_nothing(mode, monkeypatch):
    monkeypatch.setattr(sys, "stdout", _Broken())
    console = Console(mode)
    logging.getLogger("sketchfit").info("text")
    console.line("text")
    console.rich.print(Table("head"))
    with console.bar("task", total=2) as advance:
        advance(1, "note")


@pytest.mark.parametrize("encoding", ["ascii", "cp949"])
def test_an_encoding_without_a_character_stops_nothing(encoding, monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    console = Console("plain")
    console.line("one – two")
    console.rich.print(Table("three – four"))
    sys.stdout.flush()
    assert "one - two" in raw.getvalue().decode(encoding)
    assert "three - four" in raw.getvalue().decode(encoding)
