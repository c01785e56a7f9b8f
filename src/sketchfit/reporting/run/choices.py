"""What was measured before it was used for test rows, as lines of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.inference.view_gains import view_verdict
from sketchfit.reporting.kit import formats
from sketchfit.runs.artefacts import MeasuredChoice, TriedView, Views
from sketchfit.runs.estimates import Difference

_CONDITIONS = {"not worse": "gain of 0 or more", "better": "interval above 0"}


@dataclass(frozen=True)
class ChoiceLine:
    """One change of the predictions, as text.

    Attributes:
        name: of the change.
        without, with_it: the figure without it and with it; a dash where it is unknown.
        gain: with its interval; positive is better.
        condition: under which it is used.
        used: `yes` or `no`, and why.
    """

    name: str
    without: str
    with_it: str
    gain: str
    condition: str
    used: str


def choice_lines(choices: Sequence[MeasuredChoice], views: Views | None = None) -> list[ChoiceLine]:
    """Return one line per choice, and one per test-time view that was tried.

    Args:
        choices: of a run, with those of the views that are kept.
        views: of its members; None where none are known.
    """
    members = {} if views is None else views.members
    view_lines = [
        _view_line(name, view, len(member.tried)) for name, member in members.items() for view in member.tried
    ]
    return [*(_line(one) for one in choices), *view_lines]


def _line(choice: MeasuredChoice) -> ChoiceLine:
    if choice.measure == "accuracy":
        without, with_it = formats.percent(choice.before), formats.percent(choice.after)
        gain = formats.gain(choice.gain)
    else:
        without, with_it = (f"log-loss {formats.decimals(one)}" for one in (choice.before, choice.after))
        gain = _nats(choice.gain)
    return ChoiceLine(choice.name, without, with_it, gain, _CONDITIONS[choice.needs], _used(choice))


def _used(choice: MeasuredChoice) -> str:
    if choice.forced:
        return "yes, forced"
    if choice.used:
        return f"yes: {'better' if choice.gain.helps else 'not worse'}"
    return "no: not shown to be better" if choice.needs == "better" else "no: worse"


def _view_line(member: str, view: TriedView, tried: int) -> ChoiceLine:
    gain, verdict = formats.gain(view.beside_base), view_verdict(view, tried)
    if view.loss_beside_base is not None:
        gain = f"{gain}; log-loss {_nats(view.loss_beside_base)}"
    used = f"yes{verdict.removeprefix('kept')}" if view.kept else f"no: {verdict}"
    return ChoiceLine(
        f"view {view.name} of {member}", formats.MISSING, formats.MISSING, gain, _view_condition(view), used
    )


def _view_condition(view: TriedView) -> str:
    if view.loss_beside_base is None:
        return _CONDITIONS["better"]
    return "interval above 0, or that of log-loss where accuracy is not lower"


def _nats(gain: Difference) -> str:
    return f"{formats.signed_decimals(gain.value)} nats ({formats.signed_decimals_interval(gain)})"
