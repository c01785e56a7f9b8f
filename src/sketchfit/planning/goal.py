"""What the user wants of a run with a deadline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Goal:
    """The time of a run and the backbones it may use.

    Attributes:
        seconds: from the start of the process to its end.
        until: time of the day at which it must end, as ISO text; empty where the user gave a duration.
        quality: `fast`, `good` or `best` where that chose the time; else empty.
        candidates: timm names, files of weights and folders of them; empty: the recipe's own backbone.
        allow_noncommercial: whether candidates may have a non-commercial licence.
        began: reading of `time.monotonic` at the start of the process; None: when the run starts.
    """

    seconds: float
    until: str = ""
    quality: str = ""
    candidates: tuple[str, ...] = ()
    allow_noncommercial: bool = False
    began: float | None = None

    def seconds_left(self, now: datetime) -> float:
        """Return the seconds until the time of the day, or the duration where there is none."""
        return (datetime.fromisoformat(self.until) - now).total_seconds() if self.until else self.seconds
