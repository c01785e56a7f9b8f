"""Finds images of unknown classes by a run: its answers to new images are compared with those to its own test rows.

No network has learnt the test rows, and the run's complete answer to them is known: all networks, views, members and
the calibration. Labels are not needed. A run without enough test rows, or whose networks have learnt them as
pseudo-labels, uses one fold: the networks of this fold judge new images, compared with the rows that they hold out.
"""

from __future__ import annotations

from dataclasses import dataclass

from sketchfit.errors import RunError
from sketchfit.inference.arrays import Floats
from sketchfit.inference.run_predictor import RunAnswers, RunPredictor
from sketchfit.inference.unknown import UnknownTest
from sketchfit.inference.unlearnt import (
    ENOUGH,
    answers_to_test_rows,
    folds_rows,
    reference_of_fold,
    reference_of_test,
    unlearnt_test_rows,
)
from sketchfit.runs.run import Run
from sketchfit.wording import counted


@dataclass(frozen=True)
class RunUnknown:
    """The test of a run's answers.

    Attributes:
        test: for new images.
        predictor: of the run.
        compared_with: what the reference is, in words.
        judges: place, among the networks of each member, of that of the fold that judges; None: the complete answer.
    """

    test: UnknownTest
    predictor: RunPredictor
    compared_with: str
    judges: tuple[int, ...] | None = None

    @classmethod
    def of(cls, run: Run, predictor: RunPredictor) -> RunUnknown:
        """Choose the reference, and read it.

        Args:
            run: that is finished.
            predictor: of the run, or of its students.

        Raises:
            UserError: there are no rows that the networks have not learnt, or their probabilities are lost.
        """
        by_test_rows = _by_test_rows(run, predictor)
        if by_test_rows is not None and by_test_rows.test.families >= ENOUGH:
            return by_test_rows
        found = [one for one in (by_test_rows, _by_fold(run, predictor)) if one is not None]
        if not found:
            raise RunError(
                f"{run.path} has no rows that its networks have not learnt",
                "Unknown classes are found by a run with test rows or with folds.",
            )
        return max(found, key=lambda one: one.test.families)

    def p_values(self, answers: RunAnswers) -> Floats:
        """Return the p-value of each image, float64 [N].

        Args:
            answers: of the predictor; where a fold judges, with the probabilities of each network of all images.
        """
        if self.judges is None:
            return self.test.p_values(answers.final)
        of_members = [networks[place] for networks, place in zip(answers.networks, self.judges, strict=True)]
        return self.test.p_values(self.predictor.rule.combine(of_members))


def _by_test_rows(run: Run, predictor: RunPredictor) -> RunUnknown | None:
    """Compare the complete answer with that to the test rows."""
    rows = unlearnt_test_rows(run, [one for member in predictor.members for one in member.networks])
    prob = answers_to_test_rows(predictor) if len(rows) else None
    if prob is None or rows[-1] >= len(prob):  # the test rows have changed, and are not predicted yet
        return None
    reference = reference_of_test(run, prob[rows])
    test = UnknownTest.fit(reference.prob, reference.group, share=reference.share)
    return RunUnknown(test, predictor, counted(len(rows), "test row"))


def _by_fold(run: Run, predictor: RunPredictor) -> RunUnknown | None:
    """Compare the networks of the fold that holds out most families with the rows that they hold out."""
    folds = [(reference_of_fold(run, one.held_out), one) for one in folds_rows(predictor)]
    if not folds:
        return None
    reference, fold = max(folds, key=lambda one: one[0].families)
    words = f"{counted(len(reference.prob), 'training row')} that fold {fold.number} holds out"
    return RunUnknown(UnknownTest.fit(reference.prob, reference.group), predictor, words, fold.places)
