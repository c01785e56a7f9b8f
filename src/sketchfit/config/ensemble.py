"""`ensemble:` how members are combined."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sketchfit.config.section import Section

Method = Literal[
    "best-member", "mean", "geometric", "hard-vote", "rank-mean", "simplex", "greedy", "greedy-log-loss", "stacking"
]


class EnsembleSection(Section):
    """How members are combined. Every method named is estimated out of fold, nested, and shown in one table."""

    method: Method | Literal["best"] = "best"
    """Which one makes the test probabilities; `best`: the one with the highest nested accuracy."""
    compare: tuple[Method, ...] = (
        "best-member",
        "mean",
        "geometric",
        "hard-vote",
        "rank-mean",
        "simplex",
        "greedy",
        "greedy-log-loss",
        "stacking",
    )
    """Which ones are compared."""
    folds: Literal["soft", "hard"] = "soft"
    """How the folds of one member become its test probabilities: their mean, or a vote."""
    honest_choice: bool = True
    """Also estimate what choosing the best of several methods gives, by choosing inside each fold."""
    greedy_rounds: int = Field(default=30, ge=1)
    """Additions of one greedy search."""
    greedy_bags: int = Field(default=10, ge=1)
    """Greedy searches on random parts of the members, whose weights are averaged; with four members or fewer, one."""
    greedy_bag_share: float = Field(default=0.5, gt=0, le=1)
    """Share of the members that one search sees (at least four of them)."""
    stacking_strength: float = Field(default=10.0, ge=0)
    """How strongly stacking is pulled towards the geometric mean, in rows."""
    guessed_accuracy: dict[str, float] = Field(default={})
    """For others' submissions, which have no out-of-fold rows: a file's name to its believed accuracy, 0 … 1."""
