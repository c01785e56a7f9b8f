"""What `sketchfit serve` does with a run before it is a bundle."""

from __future__ import annotations

import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sketchfit.runs.state import State
from sketchfit.serving.sockets import listening_socket
from tests.factories import Cli
from tests.serving.web_runtimes import write_fake_runtime

EXPORT_FAILED = 3


@pytest.fixture
def exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands that were to export the run in `tmp_path`; each fails."""
    found: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        found.append(command)
        return subprocess.CompletedProcess(command, EXPORT_FAILED)

    (tmp_path / State.PLACE).write_text("{}")
    monkeypatch.setattr(subprocess, "run", run)
    return found


@pytest.mark.parametrize(
    "options",
    [("--port", 70_000), ("--runtime", "tensorrt"), ("--host", "a..b"), ("--reject", 2), ("--threads", 10**8)],
)
def test_mistakes_are_found_before_a_run_is_exported(
    cli: Cli, exports: list[list[str]], tmp_path: Path, options: tuple[object, ...]
) -> None:
    status, _, errors = cli("serve", tmp_path, *options)
    assert (status, exports) == (2, [])
    assert errors.startswith("error: ")


def test_a_port_in_use_and_a_short_token_are_found_too(
    cli: Cli, exports: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(listening_socket("127.0.0.1", 0)) as other:
        assert cli("serve", tmp_path, "--port", other.getsockname()[1])[0] == 2
    monkeypatch.setenv("SKETCHFIT_TOKEN", "short")
    assert cli("serve", tmp_path, "--port", 0)[0] == 2
    assert exports == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), []),
        (("--int8",), ["--also", "int8"]),
        (("--host", "0.0.0.0"), []),
        (("--neighbours",), ["--neighbours"]),
        (("--neighbours", "--int8", "--host", "0.0.0.0"), ["--neighbours", "--also", "int8"]),
    ],
)
def test_a_run_is_exported_with_what_the_service_needs(
    cli: Cli, exports: list[list[str]], tmp_path: Path, options: tuple[object, ...], expected: list[str]
) -> None:
    status, _, _ = cli("serve", tmp_path, "--port", 0, *options)
    assert status == EXPORT_FAILED
    (command,) = exports
    assert command[command.index("--out") + 2 :] == expected


def test_a_page_gets_no_training_drawings(
    cli: Cli, exports: list[list[str]], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("page")
    runtime = write_fake_runtime(folder)
    status, _, _ = cli("serve", tmp_path, "--static", folder / "page", "--web-runtime", runtime)
    assert status == EXPORT_FAILED
    assert "--neighbours" not in exports[0]
