"""Soups of folds: one network in place of a member's networks of all folds.

Such a soup has learnt from every labelled row: no out-of-fold figure can be given for it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sketchfit.data.folds import Fold
from sketchfit.inference import votes
from sketchfit.inference.intervals import accuracy
from sketchfit.runs.artefacts import FoldSoupRecord
from sketchfit.soups.builder import mix_folds
from sketchfit.training.context import Member, RunContext
from sketchfit.training.fold_result import FoldResult

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoldSoup:
    """One network in place of all folds'.

    Attributes:
        everything: a fold with all rows that the averaged networks have learnt from.
        result: probabilities of test rows; there are no out-of-fold ones.
        record: its source, and its agreement with the mean of the folds' probabilities on readable test rows.
    """

    everything: Fold
    result: FoldResult
    record: FoldSoupRecord

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.record.name


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
    record = FoldSoupRecord(name=f"{source.name}+folds", source=source.name, agreement_with_folds_mean=agreement)
    return FoldSoup(everything, result, record)


def print_fold_soup(soup: FoldSoup, count: int) -> None:
    """Print the agreement of a soup of `count` folds, and that no figure is claimed for it."""
    agrees, agreement = "", soup.record.agreement_with_folds_mean
    if agreement:
        agrees = f"its first class is that of the folds' mean on {agreement} of the test rows; "
    log.info(f"soup of {soup.record.source}'s {count} folds, one network: {agrees}it has learnt from every labelled")
    log.info("  row, so no out-of-fold figure can be given for it, nor can it be called better or worse than they are")
