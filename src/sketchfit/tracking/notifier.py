"""Notifications to Slack, Discord, Telegram, e-mail and many other services, through apprise."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from typing import Any

from sketchfit.config.tracking import NotifyEvent
from sketchfit.redact import redact
from sketchfit.tracking.callback import Callback, Failure, Row, RunInfo, RunReport
from sketchfit.tracking.console import duration

VARIABLE = "SKETCHFIT_NOTIFY"
"""Environment variable with the addresses, separated by spaces or commas."""

SOCKET_SECONDS = 3.0
"""Time limit for a server's reply; an address can set its own (`?cto=…&rto=…`)."""

# apprise logs a failed delivery with its address: the dispatcher logs it without.
logging.getLogger("apprise").addHandler(logging.NullHandler())
logging.getLogger("apprise").propagate = False


def addresses(value: str) -> tuple[str, ...]:
    """Split the variable's value; a comma within an address stays unless another address follows."""
    return tuple(part for part in re.split(r"\s+|,(?=[a-zA-Z][\w+.-]*://)", value.strip(" ,\n")) if part.strip(","))


class Notifier(Callback):
    """Sends messages to one address.

    Args:
        address: in apprise's notation, such as `slack://…`, `json://host/path`, `mailto://…`.
        events: which events are sent.

    Raises:
        ValueError: apprise does not know the address; the message does not contain it.
        ModuleNotFoundError: apprise is not installed; the message has the command that installs it.
    """

    def __init__(self, address: str, events: Collection[NotifyEvent]) -> None:
        try:
            import apprise
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("not installed: pip install 'sketchfit[notify]'", name=error.name) from error
        self._events, self._kinds = frozenset(events), apprise.NotifyType
        self._service = apprise.Apprise()
        plugin = apprise.Apprise.instantiate(address, suppress_exceptions=True)
        if plugin is None:
            raise ValueError("apprise does not know this kind of address")
        for name, default in (("socket_connect_timeout", "cto"), ("socket_read_timeout", "rto")):
            if f"{default}=" not in address:
                setattr(plugin, name, SOCKET_SECONDS)
        self._service.add(plugin)
        self._name = ""

    def run_started(self, info: RunInfo) -> None:
        """Send a line about the data."""
        self._name = info.name
        self._send("start", "started", info.note, self._kinds.INFO)

    def fold_finished(self, member: str, fold: int, row: Row) -> None:
        """Send the figures of a fold."""
        body = "\n".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.items() if value is not None)
        self._send("fold", f"{member}/fold{fold} is done", body, self._kinds.INFO)

    def run_finished(self, report: RunReport) -> None:
        """Send the figures and the time."""
        body = "\n".join([*report.summary, f"time {duration(report.seconds)}"])
        self._send("end", "is done", body, self._kinds.SUCCESS)

    def run_failed(self, failure: Failure) -> None:
        """Send the last lines of the error."""
        what = "was stopped" if failure.stopped else "failed"
        body = "\n".join(part for part in (failure.headline, failure.details) if part)
        self._send("failure", what, body, self._kinds.FAILURE)

    def _send(self, event: NotifyEvent, what: str, body: str, kind: Any) -> None:
        if event not in self._events:
            return
        title = redact(f"sketchfit: {self._name} {what}")
        # Services refuse an empty message.
        if not self._service.notify(body=redact(body) or title, title=title, notify_type=kind):
            raise ConnectionError("the message could not be delivered")
