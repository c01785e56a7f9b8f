from __future__ import annotations

import sys
from pathlib import Path

import pytest
from apprise.plugins.slack import NotifySlack

from sketchfit.tracking.callback import Failure, RunInfo, RunReport
from sketchfit.tracking.dispatcher import Dispatcher
from sketchfit.tracking.notifier import Notifier, addresses

from .conftest import Server

INFO = RunInfo("sketches", Path("runs/sketches"), "abc", {}, "724 training images in 40 classes, 327 to answer")
DONE = RunReport({"oof_top1": 0.712}, ("out-of-fold top-1 71.2 % (95 % interval 69.0–73.3, n = 724)",), 3905.0)
ALL = ("start", "fold", "end", "failure")


def send_all(callback: Notifier | Dispatcher) -> None:
    callback.run_started(INFO)
    callback.fold_finished("resnet", 0, {"accuracy": 0.7125, "seconds": 61.0})
    callback.run_finished(DONE)
    callback.run_failed(Failure("ValueError: no", "Traceback\nlast line"))


def test_a_generic_webhook_gets_start_fold_end_and_failure(server: Server) -> None:
    send_all(Notifier(f"json://127.0.0.1:{server.port}/hook", ALL))
    start, fold, end, failure = server.json()
    assert (start["title"], start["message"]) == ("sketchfit: sketches started", INFO.note)
    assert "resnet/fold0" in fold["title"]
    assert "accuracy 0.7125" in fold["message"]
    assert "71.2 %" in end["message"]
    assert "time 65 min 05 s" in end["message"]
    assert end["type"] == "success"
    assert "last line" in failure["message"]
    assert failure["type"] == "failure"


def test_a_slack_webhook_gets_slacks_own_shape(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{server.port}/services")
    Notifier("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#drawings", ALL).run_finished(DONE)
    path, _ = server.requests[0]
    assert path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    (message,) = server.json()
    assert message["channel"] == "#drawings"
    assert "71.2 %" in message["attachments"][0]["text"]


def test_without_apprise_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'sketchfit\[notify\]'"):
        Notifier("json://127.0.0.1/hook", ALL)


def test_only_the_chosen_events_are_sent(server: Server) -> None:
    send_all(Notifier(f"json://127.0.0.1:{server.port}", ("end",)))
    assert [message["title"] for message in server.json()] == ["sketchfit: sketches is done"]


def test_a_server_that_replies_500_is_an_error_without_the_address(server: Server) -> None:
    server.status = 500
    with pytest.raises(ConnectionError) as caught:
        Notifier(f"json://127.0.0.1:{server.port}/geheim", ALL).run_finished(DONE)
    assert "geheim" not in str(caught.value)


def test_servers_that_hang_or_fail_do_not_delay_a_run(server: Server, warned: list[str]) -> None:
    failing = Server()
    try:
        server.hang_after, failing.status = 0, 500
        dispatcher = Dispatcher(patience=0.5)
        for port in (server.port, failing.port, 9):
            dispatcher.add(f"address {port}", Notifier(f"json://127.0.0.1:{port}", ALL))
        send_all(dispatcher)
        dispatcher.close()
        assert not server.gave_up
        assert len(failing.requests) >= 1
        assert {line.split(":")[0] for line in warned} == {f"address {port}" for port in (server.port, failing.port, 9)}
    finally:
        failing.stop()


def test_one_that_hangs_does_not_delay_another(server: Server) -> None:
    hanging = Server()
    try:
        hanging.hang_after = 0
        dispatcher = Dispatcher(patience=1.0)
        dispatcher.add("hanging", Notifier(f"json://127.0.0.1:{hanging.port}", ALL))
        dispatcher.add("good", Notifier(f"json://127.0.0.1:{server.port}", ALL))
        send_all(dispatcher)
        dispatcher.close()
        assert len(server.requests) == 4
    finally:
        hanging.stop()


def test_an_address_that_apprise_does_not_know_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="does not know") as caught:
        Notifier("slak://geheim", ALL)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ()),
        (" , ", ()),
        ("json://a", ("json://a",)),
        ("json://a slack://b/c", ("json://a", "slack://b/c")),
        ("json://a,slack://b/c\n tgram://d", ("json://a", "slack://b/c", "tgram://d")),
        ("mailto://u:p@h?to=a@b.c,d@e.f,json://x", ("mailto://u:p@h?to=a@b.c,d@e.f", "json://x")),
    ],
)
def test_addresses_are_split(value: str, expected: tuple[str, ...]) -> None:
    assert addresses(value) == expected
