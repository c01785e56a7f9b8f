"""`soup:` means of trained networks' weights, for one network's cost at inference."""

from __future__ import annotations

from typing import Literal

from sketchfit.config.section import Section


class SoupSection(Section):
    """Means of the weights of a run's networks (arXiv 2203.05482), for one network's cost at inference. Ingredients are
    members of one architecture and the students of pseudo-labels that are kept."""

    members: Literal["none", "uniform", "greedy"] = "none"
    """Average members fold by fold: all of them, or greedily those that help; for a fold's out-of-fold rows the choice
    is made on other folds."""
    folds: bool = False
    """Average the folds' networks into one. It has seen every labelled row, so that no out-of-fold figure can be
    claimed for it: only how often it agrees with the folds' mean on test rows."""
    use: Literal["none", "members", "folds"] = "none"
    """Which soups answer in place of their candidates, in the submission and in `predict`; `none`: they are reported
    alone. A greedy soup then answers with the whole picture, without further views."""
