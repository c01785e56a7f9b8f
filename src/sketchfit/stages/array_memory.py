"""Memory that the probabilities of a run take after training, compared with what the machine has.

Where it has less, arrays of the rows are in files without a name (`runs/large_arrays.py`), in the run's folder.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.data.folds import Fold
from sketchfit.errors import Problems
from sketchfit.memory import memory_state
from sketchfit.wording import counted, size_text

CAN_MAP = os.name != "nt"
"""Whether arrays can be in files; Windows does not delete a file that is mapped."""

NUMBER = 4
"""Bytes of a probability in float32."""

MERGED = 2
"""Arrays of all held-out rows next to those of each member: combined, and calibrated."""

CALIBRATING = 3
"""Arrays of all held-out rows that are filled while the run calibrates: merged folds, and two that are calibrated."""

IN_CLAIM = 3
"""Arrays of all test rows in float64 that the claim fills, next to one per fold: no part of them is in a file."""

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

    @property
    def in_files(self) -> int:
        """Bytes, at most, of arrays that may be in files at the same time, where memory is short."""
        rows = (self.members + CALIBRATING) * self.held_out + (self.members + 2 * self.folds + MERGED) * self.tests
        return NUMBER * self.classes * rows

    @property
    def in_memory(self) -> int:
        """Bytes that are in memory in any case: of the test rows, by the claim."""
        return 2 * NUMBER * self.classes * (self.folds + IN_CLAIM) * self.tests


@dataclass(frozen=True)
class ArrayMemory:
    """Where the probabilities will be.

    Attributes:
        note: for the user; empty where they fit into the free memory.
        in_files: bytes of files in the run's folder while it runs.
    """

    note: str = ""
    in_files: int = 0


def check_array_memory(rows: PredictedRows, problems: Problems) -> ArrayMemory:
    """Return where probabilities will be; refuse what needs more memory than the machine has in any case."""
    state = memory_state()
    if state is None or rows.size <= state.available:
        return ArrayMemory()
    where = "this container or batch job may use" if state.limited else "this machine has"
    text = (
        f"the probabilities of {counted(rows.held_out, 'held-out row')} and {counted(rows.tests, 'test row')} of "
        f"{counted(rows.classes, 'class')} need at least {size_text(rows.size)} of memory after training, and {where} "
        f"{size_text(state.total)}"
    )
    if not CAN_MAP:
        if rows.size > state.total:
            problems.add(text, ADVICE)
            return ArrayMemory()
        return ArrayMemory(f"note: {text}, of which {size_text(state.available)} are free now. {ADVICE}")
    if rows.in_memory > state.total:
        where = size_text(rows.in_memory)
        problems.add(f"{text}; {where} of them, for the claim on the test rows, cannot be in files", ADVICE)
        return ArrayMemory()
    in_files = size_text(rows.in_files)
    return ArrayMemory(
        f"note: {text}, of which {size_text(state.available)} are free now: large arrays are in files of the run's "
        f"folder while it runs, up to {in_files}. That is slower. {ADVICE}",
        rows.in_files,
    )
