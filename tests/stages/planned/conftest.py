"""What tests of complete runs with a deadline share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stages.planned.timed_run import Steps, set_rates, start_run


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known rates; see `set_rates`."""
    set_rates(monkeypatch)


@pytest.fixture(scope="module")
def finished(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run. Not to be changed by a test."""
    out = tmp_path_factory.mktemp("planned") / "run"
    with pytest.MonkeyPatch.context() as patch:
        set_rates(patch)
        start_run(drawn, out, Steps())
    return out
