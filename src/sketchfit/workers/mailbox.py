"""What workers send to the run, kept until it is taken: an actor on the head node.

It imports neither torch nor Ray, so that its process starts quickly, and does not look into messages.
"""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Letter:
    """Pickled messages of a unit: its number, and the number of the worker that has it."""

    unit: int
    attempt: int
    messages: bytes


@dataclass(frozen=True)
class Receipt:
    """How many letters the run has received from which process of the mailbox."""

    process: str = ""
    letters: int = 0


class Mailbox:
    """Holds what workers send until the run takes it.

    A letter is deleted when the run confirms that it has it, so that a reply that is lost loses nothing. Ray starts the
    mailbox again where its process is lost. Letters that it had are lost then: lines, progress and checkpoints, no
    results.
    """

    def __init__(self) -> None:
        self._process = os.urandom(8).hex()
        self._letters: list[Letter] = []
        self._deleted = 0
        self._last: dict[tuple[int, int], int] = {}
        self._saves = 0

    def send(self, letter: Letter, number: int) -> int:
        """Keep a letter; return how often checkpoints were requested so far.

        Args:
            letter: of a worker.
            number: from 1, of the worker's letters; Ray may repeat a call whose reply was lost.
        """
        worker = letter.unit, letter.attempt
        if number > self._last.get(worker, 0):
            self._last[worker] = number
            self._letters.append(letter)
        return self._saves

    def take(self, receipt: Receipt, saves: int) -> tuple[Receipt, list[Letter]]:
        """Return the letters after those that the run has.

        Args:
            receipt: of the last call.
            saves: how often the run has requested checkpoints; a mailbox that was started again does not know it.

        Returns:
            The receipt for the next call, and the letters.
        """
        if receipt.process == self._process:
            known = receipt.letters - self._deleted
            self._letters, self._deleted = self._letters[known:], receipt.letters
        self._saves = max(self._saves, saves)
        return Receipt(self._process, self._deleted + len(self._letters)), list(self._letters)
