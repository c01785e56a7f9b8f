from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sketchfit.reporting.run.run_report import write_report
from tests.browser import browser, shared_browser
from tests.factories import write_run
from tests.reporting.review_page import OFF

__all__ = ["browser", "shared_browser"]


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str = "run", seed: int = 0, members: int = 2) -> Path:
        return write_run(tmp_path / name, tmp_path / "data", seed, members)

    return make


@pytest.fixture(scope="session")
def reviewed_run(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with a report, in a separate folder."""
    folder = tmp_path_factory.mktemp("reviewed") / "run"
    shutil.copytree(plain, folder)
    write_report(folder, overrides=OFF)
    return folder
