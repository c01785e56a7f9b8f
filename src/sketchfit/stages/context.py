"""What a stage takes and returns: the context of the run, which never changes, and its state, which grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.callback import AuditCallback
from sketchfit.bank.features import BankFeatures
from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.inference.oof import Floats, Rows
from sketchfit.runs.artefacts import ClaimRecord, EstimatedFrequencies, MeasuredChoice, PseudoLabelRound, Step
from sketchfit.runs.artefacts.relations import NEAR_DUPLICATE
from sketchfit.soups.soups import Soups
from sketchfit.stages.products import Calibrated, Ensemble, MemberPredictions, RunResult
from sketchfit.training.context import Member, RunContext
from sketchfit.training.fold import TrainedMember

__all__ = ["Member", "RunContext", "RunState", "Stage", "TimedStage", "made"]

Product = TypeVar("Product")

_EMPTY = np.zeros(0, dtype=np.int64)
NO_ROWS = Rows(_EMPTY, _EMPTY, _EMPTY, None)


@dataclass(frozen=True)
class RunState:
    """What the stages so far have produced. A field that belongs to a later stage has its default.

    Attributes:
        members: each member with its images, by name.
        student: the distilled student with its images; None where none is wanted.
        audit_callback: has measured the images that were decoded.
        features: of all images from the first member's frozen backbone; None where it has none.
        unreadable_train, unreadable_test: path of each image that can't be read, with the reason.
        damaged_train, damaged_test: the same for images of which a part is decoded and used.
        group: int64 [N], group of each training row: near-duplicates and, after `relate`, related rows that folds keep
            together; None where none are known.
        relation: what relates the rows of a group, as in `folds.group`; empty where it is not known.
        copies: int64 [N], near-duplicate family of each training row; None where the audit is off.
        folds: those that are trained.
        trained: each member's networks; after pseudo-labelling those of its students, where they were kept.
        rows: training rows with out-of-fold probabilities of all members.
        rounds: of pseudo-labelling.
        soups: all that were made.
        sources: whose probabilities are combined: members, or their soups.
        predictions: of each of `sources`, by its views.
        refits: test probabilities of each network trained on all rows, float32 [N_test, C].
        ensemble: of all `sources`.
        calibrated: the probabilities of the run.
        class_frequencies: of the test rows, and the decision on correcting for them; None where they are not estimated.
        claim: for the test set; None where it is off.
        steps: out-of-fold accuracy after each step.
        choices: what was measured before it was used, or not used.
        result: of the run.
    """

    members: Mapping[str, Member] = field(default_factory=dict)
    student: Member | None = None
    audit_callback: AuditCallback | None = None
    features: BankFeatures | None = None
    unreadable_train: Mapping[str, str] = field(default_factory=dict)
    unreadable_test: Mapping[str, str] = field(default_factory=dict)
    damaged_train: Mapping[str, str] = field(default_factory=dict)
    damaged_test: Mapping[str, str] = field(default_factory=dict)
    group: NDArray[np.int64] | None = None
    relation: str = NEAR_DUPLICATE
    copies: NDArray[np.int64] | None = None
    folds: tuple[Fold, ...] = ()
    trained: Mapping[str, TrainedMember] = field(default_factory=dict)
    rows: Rows = NO_ROWS
    rounds: tuple[PseudoLabelRound, ...] = ()
    soups: Soups = field(default_factory=Soups)
    sources: Mapping[str, TrainedMember] = field(default_factory=dict)
    predictions: Mapping[str, MemberPredictions] = field(default_factory=dict)
    refits: Mapping[str, Floats] = field(default_factory=dict)
    ensemble: Ensemble | None = None
    calibrated: Calibrated | None = None
    class_frequencies: EstimatedFrequencies | None = None
    claim: ClaimRecord | None = None
    steps: tuple[Step, ...] = ()
    choices: tuple[MeasuredChoice, ...] = ()
    result: RunResult | None = None

    @property
    def rounds_kept(self) -> int:
        """Rounds of pseudo-labelling whose students replaced their teachers."""
        return sum(one.kept for one in self.rounds)


Stage = Callable[[RunContext, RunState], RunState]
"""One step of a run. Results of an earlier start of the same run are read from disk, and not computed again."""


@dataclass(frozen=True)
class TimedStage:
    """A stage in the list of a run.

    Attributes:
        stage: the function.
        time: name under which its time is shown; empty: its time is not shown.
        wanted: whether a recipe includes it.
    """

    stage: Stage
    time: str = ""
    wanted: Callable[[Recipe], bool] = lambda _: True


def made(product: Product | None) -> Product:
    """Return what an earlier stage has made.

    Raises:
        ValueError: that stage did not run.
    """
    if product is None:
        raise ValueError("a stage runs before the one that makes its input")
    return product
