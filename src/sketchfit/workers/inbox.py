"""The run's side of the mailbox."""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence
from typing import Any

import ray
from ray import exceptions as lost

from sketchfit.errors import RunError
from sketchfit.workers.mailbox import Letter, Mailbox, Receipt
from sketchfit.workers.messages import UnitMessage

HEAD = {"node:__internal_head__": 0.001}
"""Resource of the head node, which every cluster has once."""

RESTARTS = 3
"""Most times that Ray starts the mailbox again."""

REPLY = 180.0
"""Seconds within which the mailbox replies, also where its process has to be started again on a busy machine."""

CONTINUES = "The same command continues from the last checkpoints."


class Inbox:
    """Starts a mailbox on the head node, and receives what workers send.

    Attributes:
        mailbox: for workers.
    """

    def __init__(self) -> None:
        self.mailbox: Any = (
            ray.remote(Mailbox).options(num_cpus=0, resources=HEAD, max_restarts=RESTARTS, max_task_retries=-1).remote()
        )
        self._receipt, self._saves, self._replied = Receipt(), 0, time.monotonic()

    def request_saves(self) -> None:
        """Let all units write a checkpoint; each call of `receive` repeats it, in case the mailbox was lost."""
        self._saves += 1

    def receive(self) -> list[tuple[int, int, list[UnitMessage]]] | None:
        """Return the messages since the last call, with the number of the unit and of its worker.

        Returns:
            None where the mailbox cannot be reached now: the next call returns them.

        Raises:
            UserError: it does not reply, or was lost too often, or with the head node.
        """
        try:
            self._receipt, letters = ray.get(self.mailbox.take.remote(self._receipt, self._saves), timeout=REPLY)
        except lost.ActorUnavailableError as error:  # its process is being started again, or the node is busy
            if time.monotonic() > self._replied + REPLY:
                raise _silent() from error
            return None
        except lost.GetTimeoutError as error:
            raise _silent() from error
        except lost.RayActorError as error:
            raise RunError(
                "the head node of the Ray cluster was lost, or its process that takes messages was lost "
                f"{RESTARTS + 1} times",
                f"Look at `ray status`, and start the cluster again where it has ended. {CONTINUES}",
            ) from error
        self._replied = time.monotonic()
        return [(one.unit, one.attempt, pickle.loads(one.messages)) for one in letters]


def _silent() -> RunError:
    return RunError(
        f"the process on the head node of the Ray cluster that takes messages did not reply within {REPLY:.0f} s",
        f"The node may be too busy, or its memory too small. {CONTINUES}",
    )


class Outgoing:
    """A worker's side: sends the messages of one unit, in order.

    Args:
        mailbox: of the run.
        unit, attempt: numbers of the unit and of its worker.
    """

    def __init__(self, mailbox: Any, unit: int, attempt: int) -> None:
        self._mailbox, self._unit, self._attempt, self._number = mailbox, unit, attempt, 0

    def __call__(self, messages: Sequence[UnitMessage]) -> int:
        """Send messages; return how often the run has requested checkpoints so far."""
        self._number += 1
        letter = Letter(self._unit, self._attempt, pickle.dumps(list(messages)))
        saves: int = ray.get(self._mailbox.send.remote(letter, self._number))
        return saves
