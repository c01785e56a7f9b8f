from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

import sketchfit
from sketchfit.verbosity import only_warnings, verbosity


def test_a_quiet_call_prints_nothing_and_the_next_one_prints_again(
    drawn: Path, tiny: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    sketchfit.check(drawn, tiny, quiet=True)
    assert capsys.readouterr() == ("", "")
    assert verbosity.level == "usual"
    sketchfit.check(drawn, tiny)
    assert "32 training images" in capsys.readouterr().out


def test_the_level_is_that_of_before_also_after_an_error() -> None:
    with pytest.raises(sketchfit.DataError):
        sketchfit.run("nowhere", quiet=True)
    assert verbosity.level == "usual"


def test_warnings_are_printed_and_results_are_not() -> None:
    warning, info = (logging.LogRecord("sketchfit", level, "", 0, "", (), None) for level in (30, 20))
    with only_warnings():
        verbosity.in_results = True
        assert [verbosity.shows(warning), verbosity.shows(info)] == [True, False]
        verbosity.in_results = False
