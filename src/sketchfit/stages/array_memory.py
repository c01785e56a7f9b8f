"""Memory that the probabilities of a run take after training, compared with what the machine has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.data.folds import Fold
from sketchfit.errors import Problems
from sketchfit.memory import memory_state
from sketchfit.wording import counted, size_text

NUMBER = 4
"""Bytes of a probability in float32."""

MERGED = 2
"""Arrays of all held-out rows next to those of each member: combined, and calibrated."""

ADVICE = (
    "Hold out fewer rows, for example with folds.holdout=0.05 or folds.train=[0], or use fewer members or a machine "
    "with more memory; see docs/large-data.md."
)


@dataclass(frozen=True)
class PredictedRows:
    """Probabilities that are in memory at the same time.

    Attributes:
        held_out: rows that all folds together validate.
        tests: number of test rows.
        classes: number of classes.
        members: number of members.
        folds: networks per member.
    """

    held_out: int
    tests: int
    classes: int
    members: int
    folds: int

    @classmethod
    def of(cls, folds: Sequence[Fold], tests: int, classes: int, members: int) -> PredictedRows:
        """Count the rows of the folds of a run."""
        return cls(sum(len(fold.valid) for fold in folds), tests, classes, members, len(folds))

    @property
    def size(self) -> int:
        """Bytes, at least."""
        rows = (self.members + MERGED) * self.held_out + (self.members * self.folds + MERGED) * self.tests
        return NUMBER * self.classes * rows


def check_array_memory(rows: PredictedRows, problems: Problems) -> str:
    """Return a note where probabilities need more memory than is free; refuse more than the machine has."""
    state = memory_state()
    if state is None or rows.size <= state.available:
        return ""
    where = "this container or batch job may use" if state.limited else "this machine has"
    text = (
        f"the probabilities of {counted(rows.held_out, 'held-out row')} and {counted(rows.tests, 'test row')} of "
        f"{counted(rows.classes, 'class')} need at least {size_text(rows.size)} of memory after training, and {where} "
        f"{size_text(state.total)}"
    )
    if rows.size > state.total:
        problems.add(text, ADVICE)
        return ""
    return f"note: {text}, of which {size_text(state.available)} are free now. {ADVICE}"
