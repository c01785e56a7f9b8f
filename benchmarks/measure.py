"""Candidates, rounds and tables: what is measured, in which order, and how it is printed. No clocks here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

NOTHING = "–"


class NotHere(Exception):
    """What a candidate needs is not on this machine; its row states this."""


@dataclass(frozen=True)
class Candidate:
    """One row of a table.

    Attributes:
        name: how the table calls it; unique in its measurement.
        call: what a process of its own calls, `package.module:function`; it takes the case and `arguments`, and
            returns figures by name, `value` among them.
        arguments: plain values.
    """

    name: str
    call: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """A further figure of the candidates: its key, its heading, and how its median is written."""

    key: str
    title: str
    form: str = "{:.1f}"


@dataclass(frozen=True)
class Measurement:
    """Candidates that are run in turn, and the table that they fill.

    Attributes:
        title: heading.
        text: what is done and what is counted; Markdown.
        unit: of `value`.
        candidates: in the order of the rows and of each round.
        higher_is_better: False for seconds and megabytes.
        subject: the candidate whose advantage over each row the table shows; None: `reference` counts.
        reference: the candidate over which each row's advantage is shown; None: no ratios.
        columns: further figures.
        prepare: a call that is made once, untimed, before the first round.
        form: how `value` is written.
    """

    title: str
    text: str
    unit: str
    candidates: tuple[Candidate, ...]
    higher_is_better: bool = True
    subject: str | None = None
    reference: str | None = None
    columns: tuple[Column, ...] = ()
    prepare: str | None = None
    form: str = "{:.1f}"


@dataclass
class Outcome:
    """What the rounds of one candidate gave.

    Attributes:
        rounds: figures by name, a mapping a round.
        trouble: why it has no (further) rounds; empty where all went well.
        absent: the trouble is that something isn't installed.
    """

    rounds: list[Mapping[str, float]] = field(default_factory=list)
    trouble: str = ""
    absent: bool = False

    def values(self, key: str = "value") -> list[float]:
        """One figure, a number a round that has it."""
        return [found[key] for found in self.rounds if key in found]


def narrowed(measurements: Sequence[Measurement], names: str | None) -> list[Measurement]:
    """The measurements with the candidates named alone, semicolons between; those that have none are left out.

    Raises:
        SystemExit: a name that no candidate has.
    """
    if names is None:
        return list(measurements)
    wanted = {name.strip() for name in names.split(";")}
    known = {candidate.name for measurement in measurements for candidate in measurement.candidates}
    if unknown := wanted - known:
        raise SystemExit(
            f"--candidates: no row is called {', '.join(sorted(unknown))}; rows: {'; '.join(sorted(known))}"
        )
    some = [replace(one, candidates=tuple(c for c in one.candidates if c.name in wanted)) for one in measurements]
    return [one for one in some if one.candidates]


def interleave(
    candidates: Sequence[Candidate], repeats: int, run: Callable[[Candidate], Mapping[str, float]]
) -> dict[str, Outcome]:
    """Run the candidates in turn, A B C A B C …, so that what else the machine does hits all of them alike.

    A candidate that fails is left out of later rounds, and the others continue.

    Args:
        run: gives a candidate's figures; raises `NotHere` where it can't be run on this machine.
    """
    outcomes = {candidate.name: Outcome() for candidate in candidates}
    for _ in range(repeats):
        for candidate in candidates:
            outcome = outcomes[candidate.name]
            if outcome.trouble:
                continue
            try:
                outcome.rounds.append(run(candidate))
            except NotHere as error:
                outcome.trouble, outcome.absent = str(error), True
            except Exception as error:
                outcome.trouble = f"failed: {error}"
    return outcomes


def advantage(one: float, other: float, higher_is_better: bool) -> float:
    """How many times as good `one` is as `other`; 2 is twice as fast, or half the seconds."""
    over, under = (one, other) if higher_is_better else (other, one)
    return over / under if under else float("inf")


def ratios(measurement: Measurement, outcomes: Mapping[str, Outcome]) -> dict[str, float]:
    """Each candidate's ratio of medians; empty where there is nothing to compare with."""
    medians = {name: median(values) for name, found in outcomes.items() if (values := found.values())}
    anchor = measurement.subject or measurement.reference
    if anchor is None or anchor not in medians:
        return {}
    higher = measurement.higher_is_better
    if measurement.subject is not None:
        return {name: advantage(medians[anchor], value, higher) for name, value in medians.items()}
    return {name: advantage(value, medians[anchor], higher) for name, value in medians.items()}


def ratio_heading(measurement: Measurement) -> str:
    """What is divided by what in `ratios`; empty where nothing is."""
    anchor = measurement.subject or measurement.reference
    if anchor is None:
        return ""
    anchor_above = (measurement.subject is not None) == measurement.higher_is_better
    return f"{anchor} ÷ this" if anchor_above else f"this ÷ {anchor}"


def spread(values: Sequence[float], form: str = "{:.1f}") -> str:
    """`median (min–max)`; the one value where there is only one."""
    if not values:
        return NOTHING
    middle, low, high = (form.format(value) for value in (median(values), min(values), max(values)))
    return middle if len(values) == 1 else f"{middle} ({low}–{high})"


def table(measurement: Measurement, outcomes: Mapping[str, Outcome]) -> str:
    """The Markdown table of a measurement."""
    compared = ratio_heading(measurement)
    shown = [column for column in measurement.columns if any(found.values(column.key) for found in outcomes.values())]
    heads = ["", f"{measurement.unit}, median (min–max)"]
    if compared:
        heads.append(compared)
    heads += [column.title for column in shown]
    lines = [heads, ["---"] * len(heads)]
    found_ratios = ratios(measurement, outcomes)
    for name, outcome in outcomes.items():
        line = [name, spread(outcome.values(), measurement.form) if outcome.rounds else outcome.trouble or NOTHING]
        if compared:
            line.append(f"{found_ratios[name]:.2f}" if name in found_ratios else NOTHING)
        for column in shown:
            values = outcome.values(column.key)
            line.append(column.form.format(median(values)) if values else NOTHING)
        lines.append(line)
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines)
