from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

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
