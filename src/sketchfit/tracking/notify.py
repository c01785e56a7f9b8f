"""Notifications to Slack, Discord, Telegram, mail and a hundred others, through apprise."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from typing import Literal

import apprise

from sketchfit.redact import redact
from sketchfit.tracking.callback import Callback, Failure, Outcome, Row, RunInfo
from sketchfit.tracking.console import duration

VARIABLE = "SKETCHFIT_NOTIFY"
"""Variable with the addresses, with spaces or commas between them."""

SOCKET_SECONDS = 3.0
"""A server that does not answer within that is given up; addresses can say otherwise (`?cto=…&rto=…`)."""

Event = Literal["start", "fold", "end", "failure"]

# apprise tells of a failed delivery in its own log, address included: the dispatcher says it, without the address.
logging.getLogger("apprise").addHandler(logging.NullHandler())
logging.getLogger("apprise").propagate = False


def addresses(value: str) -> tuple[str, ...]:
    """Split the variable's value; a comma within an address stays unless another address follows."""
    return tuple(part for part in re.split(r"\s+|,(?=[a-zA-Z][\w+.-]*://)", value.strip(" ,\n")) if part.strip(","))


class Notifier(Callback):
    """Sends a message to one address.

    Args:
        address: as apprise takes it, such as `slack://…`, `json://host/path`, `mailto://…`.
        events: what is sent.

    Raises:
        ValueError: apprise can make nothing of the address; which is not part of the message.
    """

    def __init__(self, address: str, events: Collection[Event]) -> None:
        self._events = frozenset(events)
        self._service = apprise.Apprise()
        plugin = apprise.Apprise.instantiate(address, suppress_exceptions=True)
        if plugin is None:
            raise ValueError("apprise knows no such address")
        for name, default in (("socket_connect_timeout", "cto"), ("socket_read_timeout", "rto")):
            if f"{default}=" not in address:
                setattr(plugin, name, SOCKET_SECONDS)
        self._service.add(plugin)
        self._name = ""

    def run_started(self, info: RunInfo) -> None:
        """Send what is trained on what."""
        self._name = info.name
        self._send("start", "started", info.note, apprise.NotifyType.INFO)

    def fold_finished(self, member: str, fold: int, row: Row) -> None:
        """Send a fold's figures."""
        self._send("fold", f"{member}/fold{fold} is done", _figures(row), apprise.NotifyType.INFO)

    def run_finished(self, outcome: Outcome) -> None:
        """Send figures and time."""
        body = "\n".join([*outcome.summary, f"time {duration(outcome.seconds)}"])
        self._send("end", "is done", body, apprise.NotifyType.SUCCESS)

    def run_failed(self, failure: Failure) -> None:
        """Send the error's last lines."""
        what = "was stopped" if failure.stopped else "failed"
        body = "\n".join(part for part in (failure.headline, failure.details) if part)
        self._send("failure", what, body, apprise.NotifyType.FAILURE)

    def _send(self, event: Event, what: str, body: str, kind: apprise.NotifyType) -> None:
        if event not in self._events:
            return
        title = redact(f"sketchfit: {self._name} {what}")
        # Services refuse an empty message.
        if not self._service.notify(body=redact(body) or title, title=title, notify_type=kind):
            raise ConnectionError("the message could not be delivered")


def _figures(row: Row) -> str:
    return "\n".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.items() if value is not None)
