"""Rejects images of unknown classes at a rate that a run can promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sketchfit.inference.run_predictor import RunAnswers, RunPredictor
from sketchfit.inference.run_unknown import RunUnknown
from sketchfit.inference.unknown import Rejection, check_rejection
from sketchfit.runs.run import Run


@dataclass(frozen=True)
class RejectionRule:
    """A run's test for unknown classes, and a rate.

    Attributes:
        unknown: the test.
        rate: share of the images of known classes that may be rejected, above 0, below 1.
    """

    unknown: RunUnknown
    rate: float

    @classmethod
    def of(cls, run: Run, predictor: RunPredictor, rate: float) -> RejectionRule:
        """Make the rule, before images are read.

        Raises:
            UserError: the run cannot promise the rate, has no rows that its networks have not learnt, or has a class
                of the name that rejected images get.
        """
        unknown = RunUnknown.of(run, predictor)
        check_rejection(unknown.test, rate, run.table.class_labels, run.table.class_names)
        return cls(unknown, rate)

    def apply(self, answers: RunAnswers, errors: Sequence[str]) -> Rejection:
        """Reject images.

        Args:
            answers: to N images; see `RunUnknown.p_values`.
            errors: why each image could not be read; empty for those that were.
        """
        p_value = np.where(np.array(errors, dtype=np.str_) == "", self.unknown.p_values(answers), np.nan)
        return Rejection.at(p_value, self.rate)
