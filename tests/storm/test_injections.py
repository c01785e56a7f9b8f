"""Faults at the N-th call: counted below their folders only, and decided by the process that listens."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from tests.storm.injections import CountCalls, FullFrom, KillAt, Rule, is_below
from tests.storm.kinds.signals import SignalAt, judge
from tests.storm.process import Finished
from tests.storm.seccomp import Call, Listener, available, hold

RUN = Path("/place/run")


def decisions(rule: Rule, *paths: str, name: str = "write") -> list[int | None]:
    return [rule.decide(Call(0, 0, name, (0,) * 6), path) for path in paths]


def test_below_a_folder_is_neither_the_folder_nor_a_longer_name() -> None:
    assert is_below("/place/run/a/b", RUN)
    assert not is_below("/place/run", RUN)
    assert not is_below("/place/runs/a", RUN)


def test_the_process_is_killed_at_the_call_that_was_chosen() -> None:
    rule = KillAt(("write",), 2, (RUN,))
    assert decisions(rule, "/place/run/a", "/elsewhere", "/place/run/b") == [0, 0, None]
    assert rule.seen == "/place/run/b"


def test_only_calls_of_a_name_count() -> None:
    rule = KillAt(("rename",), 1, (RUN,), ".last.ckpt")
    assert decisions(rule, "/place/run/oof.npz", "/place/run/.last.ckpt.1.part") == [0, None]


def test_a_disk_stays_full() -> None:
    rule = FullFrom(2, RUN)
    full = errno.ENOSPC
    assert decisions(rule, "/place/run/a", "/place/run/b", "/elsewhere", "/place/run/c") == [0, full, 0, full]
    assert rule.seen == "/place/run/b"


def test_calls_are_counted_by_operation_and_folder() -> None:
    rule = CountCalls((RUN,))
    decisions(rule, "/place/run/a", "/elsewhere", name="write")
    decisions(rule, "/place/run/a", name="renameat2")
    decisions(rule, "/place/run/a", name="fallocate")
    assert rule.counts == {"write": 1, "rename": 1}
    assert rule.filling == {RUN: 2}


@pytest.mark.skipif(not available(), reason="needs Linux on x86-64")
def test_a_held_write_fails_as_the_listener_answers(tmp_path: Path) -> None:
    here, there = socket.socketpair()
    file = tmp_path / "written"
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            number = os.open(file, os.O_WRONLY | os.O_CREAT)
            hold(("write",), there)
            try:
                os.write(number, b"first")
                os.write(number, b"second")
            except OSError as error:
                status = error.errno or 1
        finally:
            os._exit(status)
    there.close()
    with here:
        _, files, _, _ = socket.recv_fds(here, 1, 1)
    listener = Listener(files[0])
    seen = []
    for error in (0, errno.ENOSPC):
        call = listener.receive(10.0)
        assert call is not None
        seen.append((call.name, call.path()))
        listener.answer(call, error)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    listener.close()
    assert seen == [("write", str(file))] * 2
    assert status == errno.ENOSPC
    assert file.read_bytes() == b"first"


def test_each_signal_is_sent_before_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _, number: sent.append(number))
    rule = SignalAt(2, (RUN,), [2, 15])
    counted = []
    for path in ("/place/run/a", "/elsewhere", "/place/run/b", "/place/run/c", "/place/run/d"):
        assert rule.decide(Call(0, 0, "write", (0,) * 6), path) == 0
        counted.append(len(sent))
    assert counted == [0, 0, 1, 2, 2]
    assert sent == [2, 15]
    assert rule.seen == "/place/run/b"


@pytest.mark.parametrize(
    ("status", "printed", "verdict"),
    [
        (130, "stopped; the same command continues from here", "survived"),
        (130, "", "unclear"),
        (-2, "", "unclear"),
        (0, "", "survived"),
        (1, "Traceback (most recent call last):", "traceback"),
        (-11, "", "hung or crashed"),
    ],
)
def test_a_stopped_command_states_how_to_continue(status: int, printed: str, verdict: str) -> None:
    assert judge("SIGINT", (2,), Finished(status, "", printed, 1.0, 1.0)).verdict == verdict
