"""Rejects images of unknown classes at a rate that a run can promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sketchfit.errors import UserError
from sketchfit.inference.run_predictor import RunAnswers, RunPredictor
from sketchfit.inference.run_unknown import RunUnknown
from sketchfit.inference.unknown import Rejection, check_classes
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
        if not 0 < rate < 1:
            raise UserError(
                f"the rate of rejection must be between 0 and 1, not {rate:g}", "For example: --reject 0.05"
            )
        check_classes(run.table.class_labels, run.table.class_names)
        unknown = RunUnknown.of(run, predictor)
        if rate < unknown.test.smallest:
            raise UserError(
                f"{run.path} cannot promise to reject at most {100 * rate:g} % of known images: it has only "
                f"{unknown.test.families:.0f} unrelated rows that its networks have not learnt",
                f"The smallest possible rate is {unknown.test.smallest:.3g}.",
            )
        return cls(unknown, rate)

    def apply(self, answers: RunAnswers, errors: Sequence[str]) -> Rejection:
        """Reject images.

        Args:
            answers: to N images; see `RunUnknown.p_values`.
            errors: why each image could not be read; empty for those that were.
        """
        p_value = np.where(np.array(errors, dtype=np.str_) == "", self.unknown.p_values(answers), np.nan)
        return Rejection.at(p_value, self.rate)
