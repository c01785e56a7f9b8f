"""`soup:` means of trained networks' weights, at one network's cost of inference."""

from __future__ import annotations

from typing import Literal

from sketchfit.config.section import Section


class SoupSection(Section):
    """Means of the weights of a run's networks (arXiv 2203.05482), at one network's cost of inference. Candidates are
    members of one architecture and the students of pseudo-labels that are kept."""

    members: Literal["none", "uniform", "greedy"] = "none"
    """Average members fold by fold: all of them, or greedily those that help; for a fold's out-of-fold rows the choice
    is made on other folds."""
    folds: bool = False
    """Average the folds' networks into one. It was trained on every labelled row, so it has no out-of-fold figure: only
    its agreement with the folds' mean on test rows is reported."""
    use: Literal["none", "members", "folds"] = "none"
    """Soups that replace their candidates in the submission and in `predict`; `none`: they are only reported. A soup of
    members is used unless its nested accuracy is below that of its best candidate; a greedy one without further views.
    """
    force: bool = False
    """Use soups of members even where their best candidate is more accurate."""
