"""Tries, counted by kind of fault, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.storm.judge import BAD, Ending

COLUMNS = ("survived", "refused", "silently wrong", "traceback", "hung or crashed", "unclear")


@dataclass(frozen=True)
class Try:
    """One try.

    Attributes:
        kind: of the fault.
        what: the fault.
        ending: of the try.
        seconds: that it took.
    """

    kind: str
    what: str
    ending: Ending
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether it ended in a way that may not occur."""
        return self.ending.verdict in BAD


def table(tries: Sequence[Try]) -> str:
    """Return one row per kind of fault and a last one of all."""
    rows = [["kind of fault", "tries", *COLUMNS]]
    kinds = list(dict.fromkeys(one.kind for one in tries))
    rows += [_row(kind, [one for one in tries if one.kind == kind]) for kind in kinds]
    rows.append(_row("all", tries))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "| " + " | ".join("-" * width for width in widths) + " |", *lines[1:]])


def _row(name: str, tries: Sequence[Try]) -> list[str]:
    verdicts = [one.ending.verdict for one in tries]
    return [name, str(len(tries)), *(str(verdicts.count(column)) for column in COLUMNS)]
