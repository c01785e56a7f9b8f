"""Soups of folds: one network in place of a member's networks of all folds.

Such a soup has learnt from every labelled row: no out-of-fold figure can be given for it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.data.folds import Fold
from sketchfit.inference import votes
from sketchfit.inference.intervals import Estimate, accuracy
from sketchfit.soups.builder import mix_folds
from sketchfit.training.context import Member, RunContext
from sketchfit.training.fold import FoldResult

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoldSoup:
    """One network in place of all folds'.

    Attributes:
        name: of its folder.
        source: name of the folder of the networks that are averaged.
        everything: a fold with all rows that they have learnt from.
        result: probabilities of test rows; there are no out-of-fold ones.
        agreement: share of readable test rows on which its first class is that of the folds' mean; None without any.
    """

    name: str
    source: str
    everything: Fold
    result: FoldResult
    agreement: Estimate | None


def make_fold_soup(
    context: RunContext, source: Member, results: Sequence[FoldResult], folds: Sequence[Fold]
) -> FoldSoup:
    """Make the soup of a member's folds, unless it is on disk, and compare it with the mean of their probabilities.

    Args:
        context: of the run.
        source: the member, under the name of its networks' folder.
        results: of these networks.
        folds: those that were trained.
    """
    everything, result = mix_folds(context, source, folds)
    readable = source.test.readable
    agreement = None
    if readable.any():
        mean = votes.mean([one.test for one in results])
        agreement = accuracy((mean.argmax(axis=1) == result.test.argmax(axis=1))[readable])
    return FoldSoup(f"{source.name}+folds", source.name, everything, result, agreement)


def print_fold_soup(soup: FoldSoup, count: int) -> None:
    """Print what a soup of `count` folds agrees with, and that no figure is claimed for it."""
    agrees = (
        f"its first class is that of the folds' mean on {soup.agreement} of the test rows; " if soup.agreement else ""
    )
    log.info(f"soup of {soup.source}'s {count} folds, one network: {agrees}it has learnt from every labelled row, so")
    log.info("  no out-of-fold figure can be given for it, nor can it be called better or worse than they are")
