"""A finished run that several files look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def plain(drawn: Path, tiny_file: Path, cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without the stages that change probabilities. Not to be changed."""
    out = tmp_path_factory.mktemp("plain") / "run"
    status, _, errors = cli("run", drawn, "--recipe", tiny_file, "--out", out)
    assert status == 0, errors
    return out
