"""Processes of one training notice that another one was lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from sketchfit import peers as module
from sketchfit.peers import Meeting, Peers, lost_process, this_process_failed

SOON = 5.0


class Group:
    """The first process and another one, watched here, and a third that is only a connection."""

    def __init__(self) -> None:
        self.ended: list[tuple[int, int]] = []
        self.first, self.second = (
            Peers(rank, 3, end=lambda status, rank=rank: self._end(rank, status)) for rank in (0, 1)
        )
        self.silent = threading.Event()
        meeting = self.first.listen("127.0.0.1")
        self.meeting = Meeting.unpacked(meeting.packed())
        accepting = threading.Thread(target=self.first.connect, args=(meeting,))
        accepting.start()
        stranger = socket.create_connection(("127.0.0.1", meeting.port))
        stranger.sendall(bytes(20))
        self.second.connect(self.meeting)
        self.third = socket.create_connection(("127.0.0.1", meeting.port))
        self.third.sendall(meeting.token + (2).to_bytes(4, "big"))
        accepting.join(SOON)
        assert stranger.recv(1) == b""
        stranger.close()

    def _end(self, rank: int, status: int) -> None:
        self.ended.append((rank, status))
        if len(self.ended) == 2:
            self.silent.set()


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> Iterator[Group]:
    monkeypatch.setattr(module, "GRACE", 0.05)
    group = Group()
    yield group
    for one in (group.first, group.second):
        one.leave()
    group.third.close()


def test_all_others_end_after_one_was_lost_and_one_of_them_prints_it(
    group: Group, capsys: pytest.CaptureFixture[str]
) -> None:
    group.third.close()
    assert group.first.one_is_lost(SOON)
    assert group.second.one_is_lost(SOON)
    assert group.silent.wait(SOON)
    assert sorted(group.ended) == [(0, 1), (1, 1)]
    assert [one.lost for one in (group.first, group.second)] == [2, 2]
    assert [one.error().silent for one in (group.first, group.second)] == [False, True]
    assert capsys.readouterr().err.count("rank 2") == 1


def test_a_process_that_ends_in_order_is_not_lost(group: Group) -> None:
    group.third.sendall(module.ENDED + bytes([0, 0, 0, 2]))
    group.third.close()
    assert not group.first.one_is_lost(0.3)
    group.second.leave()
    assert not group.first.one_is_lost(0.3)
    assert group.ended == []


def test_the_others_end_silently_after_an_error_that_was_printed(group: Group) -> None:
    group.third.sendall(module.FAILED + bytes([0, 0, 0, 2]))
    for one in (group.first, group.second):
        assert one.one_is_lost(SOON)
        assert one.error().silent
    assert not group.silent.wait(0.3)  # they have more time to end in order


def test_a_process_that_is_being_stopped_is_not_ended(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_stopping", lambda: True)
    group.third.close()
    assert group.first.one_is_lost(SOON)
    assert not group.silent.wait(0.3)


def test_the_first_process_is_named_by_the_second(group: Group) -> None:
    group.second.lost = 0
    assert not group.second.error().silent
    assert "rank 0" in group.second.error().problems[0]
    group.second.lost = None


def test_a_process_that_fails_lets_the_others_end(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "watched", [group.second])
    assert lost_process() is None
    this_process_failed()
    assert group.first.one_is_lost(SOON)
    assert group.first.lost == 1
    assert group.first.error().silent
