"""Options of commands with a deadline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from sketchfit.planning.goal import Goal

Level = Literal["fast", "good", "best"]

Time = Annotated[
    str | None,
    typer.Option("--time", metavar="TIME", help="Give the best answer within this time: 90s, 18m, 8h30m."),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="HH:MM", help="Give the best answer until this time of the day.")
]
Quality = Annotated[
    Level | None, typer.Option("--quality", help="Choose the time by the device and the number of images.")
]
Candidates = Annotated[
    list[str] | None,
    typer.Option("--candidates", metavar="NAME", help="A timm name, a file of weights or a folder of such files."),
]
AllowNoncommercial = Annotated[
    bool, typer.Option("--allow-noncommercial", help="Accept candidates with a non-commercial licence.")
]


@dataclass(frozen=True)
class Wish:
    """The options as they were given. `command` makes each field an option."""

    time: Time = None
    until: Until = None
    quality: Quality = None
    candidates: Candidates = None
    allow_noncommercial: AllowNoncommercial = False

    def needed(self) -> Goal:
        """Return the goal.

        Raises:
            UserError: no time, several times, or a time of another form.
        """
        from sketchfit.errors import UserError

        if (goal := self.goal()) is None:
            raise UserError("a plan needs a time", "Give one: --time 18m, --until 17:30 or --quality good.")
        return goal

    def goal(self) -> Goal | None:
        """Return the goal; None where no time is given.

        Raises:
            UserError: several times, a time of another form, or candidates without a time.
        """
        from sketchfit.errors import UserError

        given = [name for name in ("time", "until", "quality") if getattr(self, name) is not None]
        if len(given) > 1:
            raise UserError(f"--{' and --'.join(given)} are given, and a run has one deadline", "Give one of them.")
        if not given:
            if self.candidates:
                raise UserError("--candidates are chosen from under a deadline", "Give a time: --time 18m")
            return None
        from sketchfit.planning.deadline import process_start
        from sketchfit.planning.goal import Deadline, goal_of

        deadline = Deadline(self.time, self.until, self.quality, self.candidates or (), self.allow_noncommercial)
        return goal_of(deadline, process_start())
