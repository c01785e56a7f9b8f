"""Memory that the probabilities of a run take after training, compared with what the machine has.

Where it has less, arrays of the rows are in files without a name (`runs/large_arrays.py`), in the run's folder.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.config.ensemble import METHODS
from sketchfit.data.folds import Fold
from sketchfit.errors import Problems
from sketchfit.inference.tta import parse_views
from sketchfit.memory import memory_state
from sketchfit.runs.scratch import SPACIOUS
from sketchfit.stages.resources import PlannedNetwork
from sketchfit.wording import counted, size_text

CAN_MAP = os.name != "nt"
"""Whether arrays can be in files; Windows does not delete a file that is mapped."""

NUMBER = 4
"""Bytes of a probability in float32."""

MERGED = 2
"""Arrays of all held-out rows next to those of each member: combined, and calibrated."""

CALIBRATING = 3
"""Arrays of all held-out rows that are filled while the run calibrates: merged folds, and two that are calibrated."""

COMPARED = len(METHODS) + 1
"""Arrays of all held-out rows that are filled while ways of combining several members are compared."""

IN_CLAIM = 3
"""Arrays of all test rows in float64 that the claim fills, next to one per fold: no part of them is in a file."""

ADVICE = (
    "Hold out fewer rows, for example with folds.holdout=0.05 or folds.train=[0], or use fewer members or a machine "
    "with more memory; see docs/large-data.md."
)

CLAIM_ADVICE = f"Leave the claim out with claim.enabled=false. {ADVICE}"


@dataclass(frozen=True)
class PredictedRows:
    """Probabilities that are in memory at the same time.

    Attributes:
        held_out: rows that all folds together validate.
        tests: number of test rows.
        classes: number of classes.
        members: number of members.
        folds: networks per member.
        claimed: folds of one repeat, which the claim uses; 0 where there is no claim.
        views: test-time views next to the entire image, of the member that tries most of them.
    """

    held_out: int
    tests: int
    classes: int
    members: int
    folds: int
    claimed: int = 0
    views: int = 0

    @classmethod
    def of(cls, folds: Sequence[Fold], tests: int, classes: int, networks: Sequence[PlannedNetwork]) -> PredictedRows:
        """Count the rows of the folds of a run, and the views of its networks."""
        held_out = sum(len(fold.valid) for fold in folds)
        views = max((len(parse_views(one.recipe.inference.views)) - 1 for one in networks), default=0)
        return cls(held_out, tests, classes, len(networks), len(folds), views=views)

    @property
    def size(self) -> int:
        """Bytes, at least."""
        return sum(self._by_array)

    @property
    def in_files(self) -> int:
        """Bytes, about, of arrays that are in files at the same time, where memory is short."""
        later = CALIBRATING if self.members == 1 else COMPARED
        filled = self.members + max(later, self._with_views)
        rows = filled * self.held_out + (self.members + max(2 * self.claimed + MERGED, self._with_views)) * self.tests
        return NUMBER * self.classes * rows

    @property
    def in_claim(self) -> int:
        """Bytes that the claim has in memory in any case."""
        return 2 * NUMBER * self.classes * (self.claimed + IN_CLAIM) * self.tests if self.claimed else 0

    @property
    def small(self) -> int:
        """Bytes of arrays that are too small to be in files."""
        return sum(size for size in self._by_array if size < SPACIOUS)

    @property
    def _with_views(self) -> int:
        """Arrays of all held-out rows while the views of a member are compared: of each view, and of those chosen."""
        return self.views + 1 if self.views else 0

    @property
    def _by_array(self) -> list[int]:
        """Bytes of each array of `size`."""
        held_out, tests = (NUMBER * self.classes * rows for rows in (self.held_out, self.tests))
        return [held_out] * (self.members + max(MERGED, self._with_views)) + [tests] * (
            self.members * self.folds + MERGED
        )


@dataclass(frozen=True)
class ArrayMemory:
    """Where the probabilities will be.

    Attributes:
        note: for the user; empty where they fit into the free memory.
        least: bytes in files that the machine has no memory for, however much of it becomes free.
        in_files: bytes of files in the run's folder while it runs, about.
    """

    note: str = ""
    least: int = 0
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
    if rows.in_claim > state.total:
        claim = size_text(rows.in_claim)
        problems.add(f"{text}; the claim on the test rows needs {claim} that cannot be in files", CLAIM_ADVICE)
        return ArrayMemory()
    if rows.small > state.total:
        problems.add(f"{text}; {size_text(rows.small)} are in arrays too small for files", ADVICE)
        return ArrayMemory()
    return ArrayMemory(
        f"note: {text}, of which {size_text(state.available)} are free now: large arrays are in files of the run's "
        f"folder while it runs, about {size_text(rows.in_files)}. That is slower. {ADVICE}",
        max(0, rows.size - state.total),
        rows.in_files,
    )
