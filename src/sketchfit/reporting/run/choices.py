"""What was measured before it was used for test rows, as lines of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.reporting.kit import formats
from sketchfit.runs.artefacts import MeasuredChoice

_CONDITIONS = {"not worse": "gain of 0 or more", "better": "interval above 0"}


@dataclass(frozen=True)
class ChoiceLine:
    """One change of the predictions, as text.

    Attributes:
        name: of the change.
        without, with_it: the figure without it and with it; a dash where it is unknown.
        gain: with its interval; positive is better.
        condition: under which it is used.
        used: `yes`, `no`, or `yes, forced`.
    """

    name: str
    without: str
    with_it: str
    gain: str
    condition: str
    used: str


def choice_lines(choices: Sequence[MeasuredChoice]) -> list[ChoiceLine]:
    """Return one line per choice."""
    return [_line(one) for one in choices]


def _line(choice: MeasuredChoice) -> ChoiceLine:
    if choice.measure == "accuracy":
        without, with_it = formats.percent(choice.before), formats.percent(choice.after)
        gain = formats.gain(choice.gain)
    else:
        without, with_it = (f"log-loss {formats.decimals(one)}" for one in (choice.before, choice.after))
        gain = f"{choice.gain.value:+.3f} nats ({choice.gain.low:+.3f} to {choice.gain.high:+.3f})"
    used = "yes, forced" if choice.forced else "yes" if choice.used else "no"
    return ChoiceLine(choice.name, without, with_it, gain, _CONDITIONS[choice.needs], used)
