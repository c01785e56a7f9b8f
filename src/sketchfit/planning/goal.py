"""What the user wants of a run with a deadline: as it is given, and as a number of seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

from sketchfit.errors import UserError
from sketchfit.planning.quality import Quality
from sketchfit.planning.times import EXAMPLES, checked, parse_duration, parse_until


@dataclass(frozen=True)
class Goal:
    """The time of a run and the backbones it may use.

    Attributes:
        seconds: from the start of the process to its end.
        until: time at which it must end, as ISO text with its offset; empty where the user gave a duration.
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

    @property
    def ends(self) -> float | None:
        """Timestamp at which it must end; None where the user gave a duration."""
        return datetime.fromisoformat(self.until).timestamp() if self.until else None

    def seconds_left(self, now: datetime) -> float:
        """Return the seconds until the time of the day, or the duration where there is none."""
        return self.seconds if self.ends is None else self.ends - now.timestamp()


@dataclass(frozen=True)
class Deadline:
    """The time that a run may take, and the backbones that it may use.

    Exactly one of `time`, `until` and `quality` is given. `run(data, time="18m")` is short for
    `run(data, time=Deadline("18m"))`.

    Args:
        time: from the call to its end: text such as `90s`, `18m` or `8h30m`, seconds, or a `timedelta`.
        until: time of the day at which the call ends: text such as `17:30`, or a `datetime`. A text means the next such
            time.
        quality: `fast`, `good` or `best`: the time is chosen by the device and the number of images.
        candidates: backbones to choose from: timm names, files of weights and folders of them; empty: the recipe's.
        allow_noncommercial: whether candidates may have a non-commercial licence.

    Raises:
        UserError: none or several of the three; a time of another form, or one of less than 30 seconds.

    Examples:
        >>> import sketchfit
        >>> sketchfit.Deadline("1h30m", candidates=["resnet18"]).candidates
        ['resnet18']
        >>> sketchfit.Deadline(quality="good").quality
        'good'
        >>> try:
        ...     sketchfit.Deadline("5 parsecs")
        ... except sketchfit.UserError as error:
        ...     print(error.problems[0])
        '5 parsecs' is not a time
    """

    time: str | float | timedelta | None = None
    until: str | datetime | None = None
    quality: Quality | None = None
    candidates: Sequence[str | Path] = ()
    allow_noncommercial: bool = False

    def __post_init__(self) -> None:
        given = [name for name in ("time", "until", "quality") if getattr(self, name) is not None]
        if len(given) > 1:
            raise UserError(f"{' and '.join(given)} are given, and a run has one deadline", "Give one of them.")
        if not given:
            raise UserError("a deadline needs a time", EXAMPLES)
        if self.quality not in (None, *get_args(Quality)):
            raise UserError(f"there is no quality {self.quality!r}", "Qualities: fast, good, best.")
        goal_of(self)


def goal_of(deadline: Deadline, began: float | None = None, now: datetime | None = None) -> Goal:
    """Return the goal of a run that starts now.

    Args:
        deadline: of the run.
        began: reading of `time.monotonic` from which the time counts; None: when the run starts.
        now: the time of the day.

    Raises:
        UserError: a time of another form, or one of less than 30 seconds.
    """
    now, names = now or datetime.now(), tuple(map(str, deadline.candidates))
    if deadline.until is None:
        seconds = 0.0 if deadline.time is None else seconds_of(deadline.time)
        return Goal(seconds, "", deadline.quality or "", names, deadline.allow_noncommercial, began)
    given = parse_until(deadline.until, now) if isinstance(deadline.until, str) else deadline.until
    end = given.astimezone()
    seconds = checked(end.timestamp() - now.timestamp(), str(deadline.until))
    return Goal(seconds, end.isoformat(), "", names, deadline.allow_noncommercial, began)


def seconds_of(time: str | float | timedelta) -> float:
    """Return a time in seconds.

    Args:
        time: text such as `90s`, `18m` or `8h30m`, seconds, or a `timedelta`.

    Raises:
        UserError: another form, or less than 30 seconds.
    """
    if isinstance(time, str):
        return parse_duration(time)
    seconds = time.total_seconds() if isinstance(time, timedelta) else float(time)
    return checked(seconds, str(time))
