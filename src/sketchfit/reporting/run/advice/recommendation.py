"""One recommendation: what was observed, what to do about it, and the gain to expect."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from sketchfit.reporting.kit.formats import minus, with_code

NAME_LENGTH = 40
"""Longer names of classes are cut off in sentences."""


@dataclass(frozen=True)
class ExpectedGain:
    """A gain in accuracy, calculated from the figures of the run.

    Attributes:
        value, low, high: difference of the accuracy and its 95 % interval, 0 … 1.
        why: what it is calculated from, a clause; of an upper bound: when it is reached, which begins with "if".
        most: whether it is an upper bound, which is reached only if the cause is removed completely.
    """

    value: float
    low: float
    high: float
    why: str
    most: bool = False

    @property
    def rank(self) -> float:
        """What recommendations are sorted by: an upper bound counts a quarter, as the gain is far below it."""
        return self.value / 4 if self.most else self.value

    def __str__(self) -> str:
        """In percentage points, with the reason: `+1.9 points (+0.9 to +2.8): the reason`.

        An upper bound has no interval, which would look like a contradiction of "at most".
        """
        if self.most:
            return f"at most {100 * self.value:.1f} points, {self.why}; the real gain will be smaller"
        interval = f"{100 * self.low:+.1f} to {100 * self.high:+.1f}"
        return f"{minus(f'{100 * self.value:+.1f} points ({interval})')}: {self.why}"


@dataclass(frozen=True)
class Advice:
    """A recommendation.

    Attributes:
        name: end of the name of the new run's folder.
        title, evidence: what was observed.
        action: what to do, an imperative clause.
        rule: when this is recommended, a clause.
        gain: what to expect; None: no gain is claimed, for the reason `unknown`.
        unknown: that reason, a clause.
        settings: `key=value` texts of the next run; where there are none, `tool` decides whether there is a command.
        factor: of numbers in `settings`: a member with another value gets that value times this; None: all get the
            same value.
        options: further options of the command.
        tool: `run`; `scout` or `lr-find`, which find a value; `again`, a run in the same folder, which does not train
            again; empty: something else than a command.
        urgent: whether the figures of the run cannot be trusted, or nothing is learnt, before this is solved.
        anchor: of the section that shows more; may be empty.
    """

    name: str
    title: Markup
    evidence: Markup
    action: Markup
    rule: Markup
    gain: ExpectedGain | None = None
    unknown: str = ""
    settings: tuple[str, ...] = ()
    factor: float | None = None
    options: tuple[str, ...] = ()
    tool: str = "run"
    urgent: bool = False
    anchor: str = ""

    @property
    def gain_text(self) -> str:
        """The expected gain in words, or why none is claimed."""
        return str(self.gain) if self.gain else f"none is claimed: {self.unknown}"


def phrase(template: str, **parts: object) -> Markup:
    """Fill `{name}` in a text with escaped parts; what is between backticks is marked as code."""
    return with_code(template).format(**parts)


def shown_name(name: str) -> str:
    """Return a class name for a sentence, cut off after `NAME_LENGTH` characters."""
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"
