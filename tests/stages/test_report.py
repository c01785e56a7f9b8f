from __future__ import annotations

import logging
from pathlib import Path

import pytest

from sketchfit.config.recipe import Recipe
from sketchfit.stages.context import RunState
from sketchfit.stages.report import report
from tests.factories import make_context, make_table


def test_a_failing_report_does_not_fail_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no space left")

    monkeypatch.setattr("sketchfit.reporting.run.run_report.write_report", broken)
    caplog.set_level("INFO")
    context, state = make_context(tmp_path, Recipe(), make_table()), RunState()
    monkeypatch.setattr(logging.getLogger("sketchfit"), "propagate", True)  # which the context's console switched off
    assert report(context, state) is state
    assert "RuntimeError: no space left" in caplog.text
    assert f"sketchfit report {tmp_path}" in caplog.text
