"""What one forward pass of a training gets."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Micro:
    """One batch, or this process's share of one, ready for the network.

    Attributes:
        images: float [B, 3, H, W]; where only the head is trained, features [B, D].
        targets: float [B, C].
        label: int64 [B].
        weight: float [B], of each row in the loss; None: all are 1.
        teacher: probabilities of the teacher, float [B, C], mixed like the targets; None: there is no teacher.
        counts: rows of the batch that each process has; empty: this one has all. A process that has none computes a row
            that does not count.
    """

    images: Tensor
    targets: Tensor
    label: Tensor
    weight: Tensor | None = None
    teacher: Tensor | None = None
    counts: tuple[int, ...] = ()

    def rows(self, rank: int) -> int:
        """Return the rows that count of the process with this number."""
        return self.counts[rank] if self.counts else len(self.images)

    def share(self, rank: int) -> float:
        """Return the part of the batch's rows that this process has."""
        return self.rows(rank) / sum(self.counts) if self.counts else 1.0
