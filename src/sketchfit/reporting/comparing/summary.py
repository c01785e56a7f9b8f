"""What a comparison shows, in words."""

from __future__ import annotations

from sketchfit.reporting.comparing.paired import PairedRuns, RunComparison
from sketchfit.reporting.kit.formats import higher_or_lower, percent, points_interval, verdict
from sketchfit.wording import listed

CHANCE = "may be chance"
"""Of a pair whose interval excludes 0, but not after correction for the number of pairs."""


def pair_verdict(one: RunComparison, sure: bool) -> str:
    """Return `higher`, `lower`, `no difference shown`, or the first two with `CHANCE`.

    Args:
        one: a run compared with its base.
        sure: whether the difference remains after correction for the number of pairs.
    """
    text = verdict(one.top1)
    return f"{text}, {CHANCE}" if not sure and text in {"higher", "lower"} else text


def summary(paired: PairedRuns, base: int) -> list[str]:
    """Return what the comparison shows: of two runs, their difference; of more, how far the best one stands out.

    Args:
        paired: the runs.
        base: place of the base.
    """
    if len(paired.aligned.names) == 2:
        return [_two(paired.compare(base, 1 - base))]
    return _best(paired)


def _two(one: RunComparison) -> str:
    change = f"the accuracy of {one.name} is {_against(one)} that of {one.base}"
    interval = f"95 % interval {points_interval(one.top1)} points"
    if verdict(one.top1) == "no difference shown":
        return f"No difference in accuracy is shown: {change}, and the interval includes 0 ({interval})."
    return f"{change[0].upper()}{change[1:]} ({interval})."


def _against(one: RunComparison) -> str:
    change = higher_or_lower(one.top1.value)
    return "equal to" if change == "equal" else f"{change} than"


def _best(paired: PairedRuns) -> list[str]:
    top1, names = [one.value for one in paired.aligned.top1], paired.aligned.names
    best = max(range(len(names)), key=top1.__getitem__)
    sure = paired.surely_different()
    others = [number for number in range(len(names)) if number != best]
    beaten = [names[number] for number in others if (number, best) in sure]
    open_ = [names[number] for number in others if (number, best) not in sure]
    found = [f"{names[best]} has the highest accuracy, {percent(top1[best])}."]
    if beaten:
        found.append(
            f"It is shown to be higher than {listed(beaten, 6)}, also after correction for the number of pairs."
        )
    if open_:
        found.append(f"It is not shown to be higher than {listed(open_, 6)}.")
    return found
