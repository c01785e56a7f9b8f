"""What the run does where its mailbox does not reply. No cluster is started."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from sketchfit.errors import RunError
from sketchfit.workers.mailbox import Letter, Mailbox
from sketchfit.workers.messages import UnitEvent, UnitMessage

pytest.importorskip("ray", reason="ray is not installed: pip install 'sketchfit[cluster]'")

from ray import exceptions as lost

from sketchfit.workers import inbox as module
from sketchfit.workers.inbox import REPLY, Inbox

MESSAGES: list[UnitMessage] = [UnitEvent("epoch_finished", ("a", 0))]


class Local:
    """Stands for Ray: calls a mailbox in this process, or raises in place of its reply."""

    def __init__(self) -> None:
        self.mailbox, self.errors = Mailbox(), list[Exception]()
        self.take = self

    def remote(self, *arguments: Any) -> Any:
        return self.mailbox.take(*arguments)

    def get(self, reply: Any, timeout: float) -> Any:
        assert timeout == REPLY
        if self.errors:
            raise self.errors.pop(0)
        return reply


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Local:
    local = Local()
    monkeypatch.setattr(module, "ray", local)
    return local


@pytest.fixture
def inbox(ray: Local) -> Inbox:
    made = object.__new__(Inbox)
    vars(made).update(mailbox=ray, _receipt=module.Receipt(), _saves=0, _replied=0.0)
    return made


def test_messages_of_a_lost_reply_come_with_the_next_one(
    ray: Local, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.time, "monotonic", lambda: 1.0)
    ray.mailbox.send(Letter(3, 1, pickle.dumps(MESSAGES)), 1)
    ray.errors.append(lost.ActorUnavailableError("busy", None))
    assert inbox.receive() is None
    assert inbox.receive() == [(3, 1, MESSAGES)]
    assert inbox.receive() == []


def test_a_mailbox_that_does_not_reply_is_no_lost_head(ray: Local, inbox: Inbox) -> None:
    ray.errors.append(lost.GetTimeoutError())
    with pytest.raises(RunError, match="did not reply within 180 s") as caught:
        inbox.receive()
    assert "lost" not in caught.value.problems[0]


def test_a_mailbox_that_cannot_be_reached_for_long_is_an_error(
    ray: Local, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.time, "monotonic", lambda: REPLY + 1)
    ray.errors.append(lost.ActorUnavailableError("busy", None))
    with pytest.raises(RunError, match="did not reply"):
        inbox.receive()


def test_a_lost_head_is_named(ray: Local, inbox: Inbox) -> None:
    ray.errors.append(lost.ActorDiedError())
    with pytest.raises(RunError, match="head node"):
        inbox.receive()


def test_a_mailbox_that_was_started_again_knows_the_requests(ray: Local, inbox: Inbox) -> None:
    inbox.request_saves()
    inbox.receive()
    ray.mailbox = Mailbox()
    inbox.receive()
    assert ray.mailbox.send(Letter(0, 1, b""), 1) == 1
