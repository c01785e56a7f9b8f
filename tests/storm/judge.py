"""How a try ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tests.storm.process import Finished

Verdict = Literal["survived", "refused", "silently wrong", "traceback", "hung or crashed", "unclear"]

GOOD: tuple[Verdict, ...] = ("survived", "refused")
BAD: tuple[Verdict, ...] = ("silently wrong", "traceback", "hung or crashed", "unclear")
"""From the worst to the least bad; none of them may occur."""

NAMED = re.compile(r"\S/\S|\w\.\w|'[^']+'|\"[^\"]+\"|--\w")
"""A path, a file, a key, a quoted name or an option."""


@dataclass(frozen=True)
class Ending:
    """A verdict and its reason.

    Attributes:
        verdict: what it was.
        why: in one line.
    """

    verdict: Verdict
    why: str = ""


def end_of(finished: Finished) -> Ending:
    """Judge a command by how it ended, whatever its results are."""
    last = next(iter(finished.err.strip().splitlines()[-1:]), "")
    if finished.hung:
        return Ending("hung or crashed", f"killed after {finished.seconds:.0f} s: {last}")
    if "Traceback (most recent call last)" in finished.printed:
        return Ending("traceback", last)
    if finished.status == 0:
        return Ending("survived")
    if finished.status < 0 or finished.status > 128:
        return Ending("hung or crashed", f"status {finished.status}: {last}")
    if finished.status != 2:
        return Ending("unclear", f"status {finished.status}: {last}")
    return refusal(finished.err)


def refusal(err: str) -> Ending:
    """Judge an error message: it must name a file or a key, and state what to do."""
    lines = err.strip().splitlines()
    first = next((number for number, line in enumerate(lines) if line.startswith("error: ")), None)
    if first is None:
        return Ending("unclear", f"status 2 without an error: {lines[-1] if lines else ''}")
    sentence, rest = lines[first].removeprefix("error: "), [line for line in lines[first + 1 :] if line.strip()]
    if not NAMED.search(sentence):
        return Ending("unclear", f"names nothing: {sentence}")
    if not rest and not re.search(r"[;.:] ", sentence):
        return Ending("unclear", f"no advice: {sentence}")
    return Ending("refused", " / ".join([sentence, *rest]))


def with_results(ending: Ending, different: Sequence[str], noted: bool = False) -> Ending:
    """Judge a command that ended well by its results as well.

    Args:
        ending: of the command.
        different: results that differ from those without the fault.
        noted: a message stated the difference.
    """
    if ending.verdict != "survived" or not different or noted:
        return ending
    return Ending("silently wrong", f"{len(different)} results differ: {', '.join(different[:3])}")


def worst(*endings: Ending) -> Ending:
    """Return the ending that counts for several commands of a try: the worst, else a refusal, else the first."""
    for verdict in (*BAD, "refused"):
        for ending in endings:
            if ending.verdict == verdict:
                return ending
    return endings[0]
