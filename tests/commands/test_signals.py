"""Signals to the processes of commands: they end in order, continue where they were, and leave no temporary files."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from sketchfit.data import memory_store
from tests.factories import tiny_recipe
from tests.forked import ForkedCommand, nothing

WAIT = 240.0
SHORTEST = 1.5
"""Seconds after which a second signal counts as another one."""


class Command:
    """A command in a separate process."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.log, self.temporary = folder / "log.txt", folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        self.before: Callable[[], None] = nothing
        self._environment = {"SKETCHFIT_CACHE": str(folder / "cache"), "TMPDIR": str(self.temporary)}
        self._arguments = [*map(str, arguments)]

    def start(self) -> ForkedCommand:
        return ForkedCommand(self._arguments, self.log, self._environment, self.before)

    def send_when(self, moment: Callable[[], bool], *numbers: int) -> int:
        """Start, send signals when `moment()` holds, and return the exit status."""
        process, until = self.start(), time.monotonic() + WAIT
        while not moment():
            assert process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.01)
        for place, number in enumerate(numbers):
            time.sleep(SHORTEST if place else 0)
            process.send_signal(number)
        return process.wait(WAIT)


@pytest.fixture
def training(drawn: Path, tmp_path: Path) -> tuple[Command, Path]:
    """A run whose training takes minutes, without checkpoints within its only epochs; and its first checkpoint."""
    settings: dict[str, Any] = {"training": {"epochs": 2000, "checkpoint_minutes": 0, "validate_every": 0}}
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(tiny_recipe({**settings, "tracking": {"progress": "plain"}})))
    out = tmp_path / "run"
    return Command(tmp_path, "run", drawn, "--recipe", recipe, "--out", out), out


def checkpoint(out: Path) -> Path | None:
    return next(iter(out.glob("members/*/fold0/last.ckpt")), None)


def changed(path: Path, since: int) -> bool:
    """Whether a checkpoint was written since a time; between two of them there is only the previous one."""
    try:
        return path.stat().st_mtime_ns != since
    except FileNotFoundError:
        return False


def stopped(command: Command, out: Path, number: int, status: int) -> Path:
    """Stop a run by a signal; return the checkpoint that it has saved."""
    assert command.send_when(lambda: checkpoint(out) is not None, number) == status
    printed = command.log.read_text()
    assert "the same command continues from here" in printed
    assert "Traceback" not in printed
    assert not list(out.rglob("*.part"))
    path = checkpoint(out)
    assert path is not None
    return path


def test_a_run_that_is_interrupted_saves(training: tuple[Command, Path]) -> None:
    stopped(*training, signal.SIGINT, 130)


def test_a_run_that_is_terminated_saves_and_continues(training: tuple[Command, Path]) -> None:
    command, out = training
    path = stopped(command, out, signal.SIGTERM, 143)
    before, written = torch.load(path, weights_only=True), path.stat().st_mtime_ns
    assert command.send_when(lambda: changed(path, written), signal.SIGUSR1, signal.SIGTERM) == 143
    after = torch.load(path, weights_only=True)
    assert after["epoch"] > before["epoch"]
    assert "Traceback" not in command.log.read_text()


def decode_slowly(folder: Path) -> None:
    """Decode each image half a second later, and leave a file in the folder at the first one."""
    real = memory_store.decode_given

    def slow(*arguments: Any) -> Any:
        (folder / "decoding").touch()
        time.sleep(0.5)
        return real(*arguments)

    memory_store.decode_given = slow


def test_predict_that_is_stopped_leaves_no_file(plain: Path, drawn: Path, tmp_path: Path) -> None:
    command = Command(tmp_path, "predict", plain, drawn / "test", "--out", tmp_path / "out.csv")
    command.before = partial(decode_slowly, tmp_path)
    assert command.send_when((tmp_path / "decoding").exists, signal.SIGTERM) == 143
    assert list(command.temporary.iterdir()) == []
    assert not (tmp_path / "out.csv").exists()
    assert "Traceback" not in command.log.read_text()
