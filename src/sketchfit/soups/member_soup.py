"""Soups of members: one network per fold in place of several.

Fold k's soup is the mean of networks that were not trained on fold k, and batch norm's statistics are computed again
from fold k's training rows, so that its out-of-fold probabilities are honest. A greedy soup chooses the candidates for
one part of the rows on the other parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.folds import Fold
from sketchfit.inference import votes
from sketchfit.inference.ensembling.methods.best_member import fit_best_member
from sketchfit.inference.ensembling.nested import nested
from sketchfit.inference.folding import each_fold
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.inference.oof import Floats, Rows, mean_by_row
from sketchfit.models.averaging import greedy_choice
from sketchfit.soups.builder import Chosen, SoupBuilder
from sketchfit.soups.candidates import Candidate, check_unseen
from sketchfit.training.fold import FoldResult, mean_oof


@dataclass(frozen=True)
class MemberSoup:
    """One network per fold in place of several.

    Attributes:
        name: of its folder.
        how: `uniform` or `greedy`.
        candidates: all that could be taken; the soup replaces the first one's member.
        taken: names of those in the networks that predict test rows.
        taken_by_part: those in the networks that predict each part's out-of-fold rows.
        results: of each fold; `oof` is the nested one.
        top1: out of fold, candidates chosen on other parts.
        naive: with those chosen on all rows, for rows that chose; equal to `top1` where all are taken.
        best: out-of-fold top-1 of the best candidate, itself chosen on other parts; `over_best`: the soup over it.
        ensemble: of the mean of the same candidates' probabilities; `over_ensemble`: the soup over it.
    """

    name: str
    how: str
    candidates: tuple[Candidate, ...]
    taken: tuple[str, ...]
    taken_by_part: Mapping[int, tuple[str, ...]]
    results: tuple[FoldResult, ...]
    top1: Estimate
    naive: Estimate
    best: Estimate
    over_best: Difference
    ensemble: Estimate
    over_ensemble: Difference

    @property
    def member(self) -> str:
        """Name of the member that it replaces."""
        return self.candidates[0].member.name

    @property
    def replaced(self) -> set[str]:
        """Names of all members whose networks could be taken."""
        return {one.member.name for one in self.candidates}


def make_member_soup(builder: SoupBuilder, how: str, rows: Rows) -> MemberSoup:
    """Make the soup of a group of candidates and score it.

    Args:
        builder: of the group.
        how: `uniform` takes all candidates, `greedy` those that help.
        rows: all rows that the candidates' networks validate.

    Raises:
        UserError: a candidate has learnt from rows on which the soup is scored.
    """
    group = builder.group
    for place, fold in enumerate(builder.folds):
        check_unseen(group, place, fold, len(builder.context.table.label))
    taken, by_part = _choose(builder, how, rows)
    results = builder.build(taken)
    naive = mean_oof(results)
    if how == "greedy":
        nested_oof = [_oof_by_part(builder, place, rows, by_part) for place in range(len(results))]
        results = tuple(replace(result, oof=oof) for result, oof in zip(results, nested_oof, strict=True))
    alone = [mean_oof(one.results) for one in group]
    best = nested(fit_best_member, alone, rows.label, rows.fold).prob
    right, right_best = rows.right(mean_oof(results)), rows.right(best)
    right_ensemble = rows.right(_ensemble(alone, rows, by_part))
    return MemberSoup(
        name=builder.name,
        how=how,
        candidates=tuple(group),
        taken=_names(group, taken),
        taken_by_part={part: _names(group, chosen) for part, chosen in by_part.items()},
        results=results,
        top1=accuracy(right, rows.group),
        naive=accuracy(rows.right(naive), rows.group),
        best=accuracy(right_best, rows.group),
        over_best=paired_difference(right_best, right, rows.group),
        ensemble=accuracy(right_ensemble, rows.group),
        over_ensemble=paired_difference(right_ensemble, right, rows.group),
    )


def _choose(builder: SoupBuilder, how: str, rows: Rows) -> tuple[Chosen, dict[int, Chosen]]:
    """Return the candidates for test rows, and those for each part's out-of-fold rows."""
    if how == "greedy":
        by_part = {part: _choose_greedily(builder, rows, ~held) for part, held in each_fold(rows.fold)}
        return _choose_greedily(builder, rows, np.ones(len(rows.row), dtype=bool)), by_part
    everyone = tuple(range(len(builder.group)))
    return everyone, {part: everyone for part, _ in each_fold(rows.fold)}


def _choose_greedily(builder: SoupBuilder, rows: Rows, judges: NDArray[np.bool_]) -> Chosen:
    """Return the candidates, ascending, that a greedy soup takes by its accuracy on the rows of `judges`, bool [n]."""

    def score(chosen: Chosen) -> float:
        ordered = tuple(sorted(chosen))
        parts = [builder.oof(ordered, place) for place in range(len(builder.folds))]
        return float(rows.right(_merged(builder.folds, parts))[judges].mean())

    return tuple(sorted(greedy_choice(len(builder.group), score)[0]))


def _oof_by_part(builder: SoupBuilder, place: int, rows: Rows, by_part: Mapping[int, Chosen]) -> Floats:
    """Return a fold's out-of-fold probabilities [n, C], each row by the candidates that other parts chose."""
    part = rows.fold[np.searchsorted(rows.row, builder.folds[place].valid)]
    by_soup = {int(one): builder.oof(by_part[int(one)], place) for one in np.unique(part)}
    found = np.zeros_like(next(iter(by_soup.values())))
    for one, prob in by_soup.items():
        found[part == one] = prob[part == one]
    return found


def _ensemble(alone: Sequence[Floats], rows: Rows, by_part: Mapping[int, Chosen]) -> Floats:
    """Return the mean of the probabilities [n, C] of the candidates that each part's soup takes."""
    found = np.zeros_like(alone[0])
    for part, held in each_fold(rows.fold):
        found[held] = votes.mean([alone[number][held] for number in by_part[part]])
    return found


def _merged(folds: Sequence[Fold], probs: Sequence[Floats]) -> Floats:
    return mean_by_row([fold.valid for fold in folds], probs)[1]


def _names(group: Sequence[Candidate], chosen: Chosen) -> tuple[str, ...]:
    return tuple(group[number].name for number in chosen)
