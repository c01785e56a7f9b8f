"""Soups of members: one network per fold in place of several.

Fold k's soup is the mean of networks that were not trained on fold k, and batch norm's statistics are computed again
from fold k's training rows, so that its out-of-fold probabilities are honest. A greedy soup chooses the candidates for
one part of the rows on the other parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.data.folds import Fold
from sketchfit.inference import votes
from sketchfit.inference.choices import measured_choice
from sketchfit.inference.ensembling.methods.best_member import fit_best_member
from sketchfit.inference.ensembling.nested import nested
from sketchfit.inference.folding import each_fold
from sketchfit.inference.intervals import accuracy, paired_difference
from sketchfit.inference.oof import Floats, Rows
from sketchfit.models.averaging import greedy_choice
from sketchfit.runs.artefacts import MeasuredChoice, MemberSoupRecord
from sketchfit.runs.probabilities import Probabilities, mean_by_row
from sketchfit.soups.builder import Chosen, SoupBuilder
from sketchfit.soups.candidates import Candidate, check_unseen
from sketchfit.training.fold import mean_oof
from sketchfit.training.fold_result import FoldResult


@dataclass(frozen=True)
class MemberSoup:
    """One network per fold in place of several.

    Attributes:
        candidates: all that could be taken; the soup replaces the first one's member.
        results: of each fold; `oof` is the nested one.
        record: candidates that were taken, and figures.
        choice: whether it may replace its candidates: unless the best of them is more accurate.
    """

    candidates: tuple[Candidate, ...]
    results: tuple[FoldResult, ...]
    record: MemberSoupRecord
    choice: MeasuredChoice

    @property
    def name(self) -> str:
        """Name of the folder of its networks."""
        return self.record.name

    @property
    def member(self) -> str:
        """Name of the member that it replaces."""
        return self.candidates[0].member.name

    @property
    def replaced(self) -> set[str]:
        """Names of all members whose networks could be taken."""
        return {one.member.name for one in self.candidates}


def make_member_soup(builder: SoupBuilder, how: str, rows: Rows, *, force: bool = False) -> MemberSoup:
    """Make the soup of a group of candidates and score it.

    Args:
        builder: of the group.
        how: `uniform` takes all candidates, `greedy` those that help.
        rows: all rows that the candidates' networks validate.
        force: let it replace its candidates in any case.

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
    best = nested(fit_best_member, alone, rows.label, rows.fold)
    right, right_best = rows.right(mean_oof(results)), rows.right(best)
    right_mean = rows.right(_mean_of_candidates(alone, rows, by_part))
    record = MemberSoupRecord(
        name=builder.name,
        how=how,
        candidates=_names(group, range(len(group))),
        taken=_names(group, taken),
        taken_by_part={str(part): _names(group, chosen) for part, chosen in by_part.items()},
        nested=accuracy(right, rows.group),
        naive=accuracy(rows.right(naive), rows.group),
        best_candidate=accuracy(right_best, rows.group),
        over_best_candidate=paired_difference(right_best, right, rows.group),
        mean_of_probabilities=accuracy(right_mean, rows.group),
        over_mean_of_probabilities=paired_difference(right_mean, right, rows.group),
    )
    name = f"{how} soup of {', '.join(record.taken)}"
    gain, known = record.over_best_candidate, record.best_candidate.value
    choice = measured_choice(name, gain, known, needs="not worse", force=force)
    return MemberSoup(tuple(group), results, record, choice)


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


def _mean_of_candidates(alone: Sequence[Floats], rows: Rows, by_part: Mapping[int, Chosen]) -> Floats:
    """Return the mean of the probabilities [n, C] of the candidates that each part's soup takes."""
    found = np.zeros_like(alone[0])
    for part, held in each_fold(rows.fold):
        found[held] = votes.mean([alone[number][held] for number in by_part[part]])
    return found


def _merged(folds: Sequence[Fold], probs: Sequence[Floats]) -> Floats:
    return mean_by_row([Probabilities(fold.valid, prob) for fold, prob in zip(folds, probs, strict=True)]).prob


def _names(group: Sequence[Candidate], chosen: Iterable[int]) -> tuple[str, ...]:
    return tuple(group[number].name for number in chosen)
