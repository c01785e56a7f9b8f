"""`ensemble:` how members are combined."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sketchfit.config.family import MemberOf
from sketchfit.config.section import Distinct, Section

METHODS = (
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
"""Names of the package's methods, simple ones first."""
Method = Annotated[str, MemberOf("ensembling", METHODS)]


class EnsembleSection(Section):
    """How members are combined. Each method of `compare` gets a nested out-of-fold estimate, in one table."""

    method: Annotated[str, MemberOf("ensembling", ("best", *METHODS))] = "best"
    """Method that computes the test probabilities; `best`: the one with the highest nested accuracy. Where its nested
    accuracy is below that of the best member, the best member is used."""
    force: bool = False
    """Use `method` even where its nested accuracy is below that of the best member."""
    compare: Annotated[tuple[Method, ...], Distinct] = METHODS
    """Methods that are compared, next to the best member. Empty, where `method` names one: only that one."""
    folds: Literal["soft", "hard"] = "soft"
    """How the folds of one member become its test probabilities: `soft`, their mean, or `hard`, a vote."""
    honest_choice: bool = True
    """Also estimate what choosing the best of several methods gives, by choosing inside each fold."""
    greedy_rounds: int = Field(default=30, ge=1)
    """Additions of one greedy search."""
    greedy_bags: int = Field(default=10, ge=1)
    """Greedy searches on random parts of the members, whose weights are averaged; with four members or fewer, one."""
    greedy_bag_share: float = Field(default=0.5, gt=0, le=1)
    """Share of the members in one search (at least four of them)."""
    stacking_strength: float = Field(default=10.0, ge=0)
    """Regularisation of stacking towards the geometric mean, in rows."""

    @model_validator(mode="after")
    def _something_to_compare(self) -> EnsembleSection:
        if self.method == "best" and not self.compare:
            raise ValueError("compare is empty, and method=best chooses among the methods compared")
        return self
