from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser import browser, shared_browser
from tests.factories import write_run

__all__ = ["browser", "shared_browser"]


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str = "run", seed: int = 0, members: int = 2) -> Path:
        return write_run(tmp_path / name, tmp_path / "data", seed, members)

    return make
