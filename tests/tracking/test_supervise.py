from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sketchfit.interruption import Terminated
from sketchfit.tracking.callback import Callback, Failure
from sketchfit.tracking.notifier import Notifier
from sketchfit.tracking.supervise import describe, supervised

from .conftest import Server


class Keeper(Callback):
    def __init__(self) -> None:
        self.failures: list[Failure] = []

    def run_failed(self, failure: Failure) -> None:
        self.failures.append(failure)


@pytest.mark.parametrize(
    ("error", "headline", "stopped"),
    [
        (ValueError("what went wrong\nand more"), "ValueError: what went wrong", False),
        (MemoryError(), "out of memory (MemoryError)", False),
        (torch.cuda.OutOfMemoryError("CUDA out of memory. Tried"), "out of memory (OutOfMemoryError: CUDA", False),
        (KeyboardInterrupt(), "stopped by a person", True),
        (Terminated(), "stopped by the system (SIGTERM)", True),
    ],
)
def test_the_end_is_reported_and_the_error_is_raised(error: BaseException, headline: str, stopped: bool) -> None:
    keeper = Keeper()

    def die() -> None:
        with supervised() as dispatcher:
            dispatcher.add("keeper", keeper)
            raise error

    with pytest.raises(type(error)) as caught:
        die()
    assert caught.value is error
    (failure,) = keeper.failures
    assert failure.headline.startswith(headline)
    assert failure.stopped == stopped
    assert stopped or type(error).__name__ in failure.details


def test_a_notifier_that_fails_does_not_mask_the_error(server: Server) -> None:
    server.status = 500

    def die() -> None:
        with supervised() as dispatcher:
            dispatcher.add("bad", Notifier(f"json://127.0.0.1:{server.port}", ("failure",)))
            raise LookupError("the real one")

    with pytest.raises(LookupError, match="the real one"):
        die()
    assert len(server.requests) == 1


def test_a_run_that_ends_well_reports_no_failure_and_leaves_the_signal_alone() -> None:
    keeper = Keeper()
    before = signal.getsignal(signal.SIGTERM)
    with supervised() as dispatcher:
        dispatcher.add("keeper", keeper)
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
    assert keeper.failures == []


def test_a_long_traceback_is_reported_by_its_last_lines_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "hushhush1234")

    def deep(n: int) -> None:
        if n == 0:
            raise RuntimeError("at the bottom with hushhush1234 and slack://a/b/c")
        [deep, deep][n % 2](n - 1)

    with pytest.raises(RuntimeError) as caught:
        deep(60)
    failure = describe(caught.value)
    assert 3 < len(failure.details.splitlines()) <= 12
    assert "at the bottom" in failure.details
    for text in (failure.headline, failure.details):
        assert "hushhush1234" not in text
        assert "a/b/c" not in text


SCRIPT = """
import time
from sketchfit.tracking.notifier import Notifier
from sketchfit.tracking.supervise import supervised
with supervised() as dispatcher:
    dispatcher.patience = {patience}
    dispatcher.add("hook", Notifier("json://127.0.0.1:{port}", ("failure",)))
    print("ready", flush=True)
    {work}
"""


def start(server: Server, work: str, patience: float = 4.0) -> subprocess.Popen[str]:
    source = Path(__file__).resolve().parents[2] / "src"
    environment = os.environ | {"PYTHONPATH": str(source)}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(port=server.port, work=work, patience=patience)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_sigterm_is_reported_and_ends_the_process_as_a_shell_expects(server: Server) -> None:
    process = start(server, "time.sleep(60)")
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 143
    (message,) = server.json()
    assert "SIGTERM" in message["message"]
    assert "was stopped" in message["title"]


def test_lack_of_memory_is_reported_and_the_error_is_printed(server: Server) -> None:
    process = start(server, "bytearray(2**62)")
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "MemoryError" in errors
    assert "out of memory" in server.json()[0]["message"]


@pytest.mark.parametrize("ending", ["time.sleep(60)", "raise ValueError('the real one')"])
def test_a_server_that_hangs_does_not_hold_up_the_end(server: Server, ending: str) -> None:
    server.hang_after = 0
    process = start(server, ending, patience=0.5)
    if "sleep" in ending:
        process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)  # half of what the server hangs for
    assert process.returncode == (143 if "sleep" in ending else 1)
    assert "sleep" in ending or "the real one" in errors
