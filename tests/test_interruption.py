from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from sketchfit.interruption import (
    SAME_SECONDS,
    Interrupted,
    Terminated,
    handle_stop,
    handled_signals,
    postponed_stop,
    request_save,
    request_stop,
    save_signals_blocked,
    stop_allowed,
    stop_is_waiting,
    take_save_request,
)

SOURCE = Path(__file__).resolve().parents[1] / "src"
STOP = [(signal.SIGINT, Interrupted), (signal.SIGTERM, Terminated), (signal.SIGHUP, Terminated)]


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(("number", "error"), STOP)
def test_a_signal_is_an_exception(number: int, error: type[BaseException]) -> None:
    before = signal.getsignal(number)

    def work() -> None:
        with handled_signals():
            send(number)
            time.sleep(5)

    with pytest.raises(error):
        work()
    assert signal.getsignal(number) is before


@pytest.mark.parametrize(("number", "error"), STOP)
def test_a_postponed_signal_is_raised_after_the_outer_block(number: int, error: type[BaseException]) -> None:
    reached = []

    def work() -> None:
        with postponed_stop():
            with postponed_stop():
                send(number)
                reached.append(stop_is_waiting())
            reached.append(stop_is_waiting())

    with handled_signals():
        with pytest.raises(error):
            work()
        assert stop_is_waiting()
        handle_stop()
        with postponed_stop():
            pass
    assert not stop_is_waiting()
    assert reached == [True, True]


def test_the_same_signal_through_two_processes_counts_once() -> None:
    def work() -> None:
        with postponed_stop():
            for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
                send(number)

    with handled_signals(), pytest.raises(Terminated):
        work()


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
def test_a_warning_requests_a_checkpoint_once(number: int) -> None:
    with handled_signals():
        assert not take_save_request()
        send(number)
        assert take_save_request()
        assert not take_save_request()
        request_save()
    assert not take_save_request()


def test_handlers_of_others_stay() -> None:
    received = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        with handled_signals():
            send(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert received == [signal.SIGTERM]


def test_another_thread_handles_nothing_and_can_stop_the_main_one() -> None:
    found: list[object] = []

    def work() -> None:
        with handled_signals():
            found.append(signal.getsignal(signal.SIGTERM))
        request_stop()

    def wait() -> None:
        threading.Thread(target=work).start()
        time.sleep(10)

    with handled_signals():
        handler = signal.getsignal(signal.SIGTERM)
        with pytest.raises(Terminated):
            wait()
    assert found == [handler]


def test_a_signal_that_was_dropped_in_a_destructor_is_raised_later_and_not_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Dying:
        def __del__(self) -> None:
            send(signal.SIGTERM)
            time.sleep(0.2)

    class Failing:
        def __del__(self) -> None:
            raise LookupError

    def work() -> None:
        one, other = Dying(), Failing()
        del one, other  # Python drops what they raise, and continues
        with postponed_stop():
            pass

    def hook(dropped: Any) -> None:
        printed.append(type(dropped.exc_value))

    printed: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "unraisablehook", hook)
    with handled_signals(), pytest.raises(Terminated):
        work()
    assert printed == [LookupError]
    assert sys.unraisablehook is hook


def test_a_block_may_allow_what_one_around_it_postpones() -> None:
    reached = []

    def work() -> None:
        with postponed_stop():
            try:
                with stop_allowed():
                    send(signal.SIGINT)
                    time.sleep(5)
            finally:
                reached.append("allowed")

    with handled_signals(), pytest.raises(Interrupted):
        work()
    assert reached == ["allowed"]


SCRIPT = """
import sys, time
from sketchfit.interruption import handled_signals
with handled_signals():
    try:
        print("ready", flush=True)
        time.sleep(60)
    except BaseException:
        print("cleaning", flush=True)
        time.sleep(60)
"""


def start(script: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends_the_process_at_once(number: int) -> None:
    process = start(SCRIPT)
    process.send_signal(number)
    assert process.stdout is not None
    assert process.stdout.readline() == "cleaning\n"
    time.sleep(1.2)
    process.send_signal(number)
    assert process.wait(10) in (-number, 128 + number)


def test_an_order_after_the_signal_of_a_group_is_the_same_stop() -> None:
    reached = []

    def work() -> None:
        with postponed_stop():
            send(signal.SIGTERM)
            time.sleep(SAME_SECONDS + 0.1)
            request_stop()
            reached.append("saved")

    with handled_signals(), pytest.raises(Terminated):
        work()
    assert reached == ["saved"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_same_signal_while_python_ends_is_no_error(number: int) -> None:
    script = (
        "import atexit, os, sys, time; from sketchfit.interruption import STOPPED, handled_signals\n"
        f"atexit.register(lambda: (os.kill(os.getpid(), {number}), time.sleep(0.2)))\n"
        "with handled_signals(last=True):\n"
        "    try:\n"
        f"        os.kill(os.getpid(), {number}); time.sleep(5)\n"
        "    except STOPPED:\n"
        "        sys.exit(7)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 7
    assert "Traceback" not in done.stderr


def test_a_process_that_is_started_takes_a_warning_when_it_can() -> None:
    script = (
        "import sys; from sketchfit.interruption import handled_signals, take_save_request\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "with handled_signals():\n    print(take_save_request())\n"
    )
    with save_signals_blocked():
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(SOURCE)},
        )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGUSR1)
    printed, _ = process.communicate("now\n", timeout=20)
    assert (process.returncode, printed) == (0, "True\n")


def test_a_further_command_in_the_same_process_receives_signals_again() -> None:
    before = {number: signal.getsignal(number) for number, _ in STOP}
    try:
        for number, error in STOP:
            with pytest.raises(error), handled_signals(last=True):
                send(number)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        with handled_signals():
            assert not stop_is_waiting(), "a command begins without the signals of the one before"
