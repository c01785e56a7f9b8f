"""Everything that a run stores as JSON, next to its state: how the networks' probabilities become the run's.

`ensemble/*.json`, `environment.json` and `audit/*.json`; docs/run-folder.md describes the files.
"""

from __future__ import annotations

from statistics import median
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from sketchfit.runs.artefact import Artefact, Part
from sketchfit.runs.estimates import Difference, Estimate

Numbers = tuple[float, ...]


class EnsembleWeights(Artefact):
    """The ensembling rule that new rows go through.

    Attributes:
        method: its name in the recipe.
        folds: how the folds of a member are merged.
        how: what the rule averages; `log-pool` for stacking.
        weights: a member's name to its weight.
        bias: C numbers, for `log-pool` only.
    """

    PLACE = "ensemble/weights.json"
    method: str
    folds: Literal["soft", "hard"]
    how: str
    weights: dict[str, float]
    bias: Numbers | None = None


class TriedView(Part):
    """A test-time view and its gains on out-of-fold rows; see `inference.view_selection.ViewGain`."""

    name: str
    kept: bool
    alone: Estimate
    beside_base: Difference
    beside_chosen: Difference


class MemberViews(Part):
    """Which networks of a member predict new rows, and by which views.

    Attributes:
        folder: name of the folder of the networks, one per fold: the member's own, its students' or its soup's.
        refit: name of the folder of one more network, trained on all rows, and its weight among the folds' networks.
        names: the views, `identity` first.
        mode: how they are merged.
        nested_gain: gain where views are chosen on other folds; None where no other view was tried.
        tried: every view that was tried.
    """

    folder: str
    refit: tuple[str, float] | None = None
    names: tuple[str, ...]
    mode: Literal["mean-prob", "mean-logit", "vote"]
    nested_gain: Difference | None = None
    tried: tuple[TriedView, ...] = ()


class Views(Artefact):
    """The views of each member that predicts; members that went into a soup under another name are left out."""

    PLACE = "ensemble/views.json"
    members: dict[str, MemberViews]

    @classmethod
    def _as_keys(cls, content: Any) -> dict[str, Any]:
        return {"members": dict(content)}

    def _as_json(self, content: dict[str, Any]) -> Any:
        return content["members"]


class Diagram(Part):
    """A reliability diagram, B bins: mean confidence, accuracy with its interval, and rows per bin."""

    confidence: Numbers
    accuracy: Numbers
    low: Numbers
    high: Numbers
    count: tuple[int, ...]


class SetsCheck(Part):
    """Cross-fitted coverage of prediction sets, their mean size and the share of sets of one class."""

    coverage: Estimate
    mean_size: float
    singletons: float


class Sets(Part):
    """Prediction sets: the coverage wanted, the threshold of the score (None: infinite) from n rows, and the check."""

    coverage: float
    score: str
    threshold: float | None
    n: int
    checked: SetsCheck


class Calibration(Artefact):
    """The calibrator of the run's probabilities, and what it changed.

    Attributes:
        method: `none`, `temperature` or `vector`.
        temperature: for `none` (1.0) and `temperature`.
        scale, bias: C numbers each, for `vector`.
        ece_before, ece_after, ece_fitted: expected calibration error, 0 … 1; `after` is cross-fitted.
        log_loss_before, log_loss_after: nats.
        sets: where the recipe asks for prediction sets.
    """

    PLACE = "ensemble/calibration.json"
    method: Literal["none", "temperature", "vector"]
    temperature: float | None = None
    scale: Numbers | None = None
    bias: Numbers | None = None
    ece_before: float
    ece_after: float
    ece_fitted: float
    log_loss_before: float
    log_loss_after: float
    reliability_before: Diagram
    reliability_after: Diagram
    sets: Sets | None = None

    def _as_json(self, content: dict[str, Any]) -> Any:
        parameters = ("temperature", "scale", "bias")
        return {key: value for key, value in content.items() if key not in parameters or value is not None}


class MethodFigures(Part):
    """An ensembling rule on out-of-fold rows; see `inference.ensembling.compare.MethodScore`."""

    name: str
    nested: Estimate
    naive: Estimate
    nested_top5: Estimate
    log_loss: float
    gain: Difference
    weights: dict[str, float]


class MemberFigures(Part):
    """A member: its accuracy, what it adds to the mean of the others, and how it differs from each member."""

    top1: Estimate
    worth: Difference | None = None
    disagreement: Numbers
    error_correlation: Numbers


class EnsembleComparison(Artefact):
    """All ensembling rules that were compared, and the members' diversity.

    Attributes:
        honest_choice: nested accuracy of choosing the best rule; None where it was not estimated.
        any_right: share of rows that at least one member has right.
    """

    PLACE = "ensemble/comparison.json"
    methods: tuple[MethodFigures, ...]
    honest_choice: Estimate | None = None
    members: dict[str, MemberFigures]
    any_right: Estimate


class Step(Part):
    """A step after training and what it made of the out-of-fold accuracy.

    Attributes:
        name: of the step.
        top1: after it.
        gain: over what was there before; None for a step that starts.
    """

    name: str
    top1: Estimate
    gain: Difference | None = None

    def __str__(self) -> str:
        return f"{self.top1}" if self.gain is None else f"{self.top1}; {self.gain}"


class Steps(Artefact):
    """All steps in their order."""

    PLACE = "ensemble/steps.json"
    steps: tuple[Step, ...]

    @classmethod
    def _as_keys(cls, content: Any) -> dict[str, Any]:
        return {"steps": tuple(content)}

    def _as_json(self, content: dict[str, Any]) -> Any:
        return content["steps"]


class MemberSoupRecord(Part):
    """A soup of several candidates, fold by fold.

    Attributes:
        name: of its folder.
        how: `uniform` or `greedy`.
        candidates, taken: names of the folders that could go in, and of those that did.
        taken_by_part: those in the networks that predicted each part's out-of-fold rows.
        nested, naive: top-1, candidates chosen on other parts, and on the same rows.
        best_candidate, over_best_candidate: top-1 of the best candidate alone, and the soup compared with it.
        mean_of_probabilities, over_mean_of_probabilities: likewise for the mean of the candidates' probabilities.
    """

    name: str
    how: str
    candidates: tuple[str, ...]
    taken: tuple[str, ...]
    taken_by_part: dict[str, tuple[str, ...]]
    nested: Estimate
    naive: Estimate
    best_candidate: Estimate
    over_best_candidate: Difference
    mean_of_probabilities: Estimate
    over_mean_of_probabilities: Difference


class FoldSoupRecord(Part):
    """A soup of one member's folds: no out-of-fold row is left to score it on."""

    name: str
    source: str
    agreement_with_folds_mean: Estimate | None = None
    out_of_fold: None = None


class SoupRecord(Artefact):
    """All soups of a run.

    Attributes:
        use: which of them predict: `none`, `members` or `folds`.
        members: soups of candidates.
        folds: a member's name to the soup of its folds.
        apart: a candidate's name to the reason why it is not averaged with the first.
    """

    PLACE = "ensemble/soup.json"
    VERSION: ClassVar[int] = 2
    use: str
    members: tuple[MemberSoupRecord, ...] = ()
    folds: dict[str, FoldSoupRecord] = Field(default={})
    apart: dict[str, str] = Field(default={})

    @classmethod
    def _upgraded(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Rename what version 1 called ingredients."""
        old = {"ingredients": "candidates"}
        old |= {f"{prefix}best_ingredient": f"{prefix}best_candidate" for prefix in ("", "over_")}
        renamed = [{old.get(key, key): value for key, value in one.items()} for one in content.get("members", ())]
        return content | {"members": renamed}


class PseudoLabelRound(Part):
    """A round of students.

    Attributes:
        number: from 1.
        chosen: pseudo-labelled test rows, mean over folds.
        teachers_right: how often the same rules choose right labels, on out-of-fold rows; None where they choose none.
        before, after: out-of-fold top-1 of the members' plain mean.
        gain: of the students over their teachers.
        kept: they replace their teachers.
    """

    number: int
    chosen: float
    teachers_right: Estimate | None = None
    before: Estimate
    after: Estimate
    gain: Difference
    kept: bool


class PseudoLabelRounds(Artefact):
    """All rounds of pseudo-labels that were tried, and how many of them were kept."""

    PLACE = "ensemble/pseudo_labels.json"
    kept: int
    rounds: tuple[PseudoLabelRound, ...]


class WithoutTeacher(Part):
    """The member whose settings a distilled student shares, its top-1, and the student's gain over it."""

    member: str
    top1: Estimate
    gain: Difference


class Cost(Part):
    """What predicting costs by the ensemble and by a student, from decoded images on.

    Attributes:
        device: that they were timed on.
        threads: that prepared images.
        images: per turn.
        ensemble_networks, student_networks: that predict each image.
        ensemble_parameters, student_parameters: of all these networks.
        ensemble_rates, student_rates: images per second in each turn.
    """

    device: str
    threads: int
    images: int
    ensemble_networks: int
    student_networks: int
    ensemble_parameters: int
    student_parameters: int
    ensemble_rates: Numbers
    student_rates: Numbers

    @property
    def times_as_fast(self) -> float:
        """The student's rate over the ensemble's, median over turns."""
        pairs = zip(self.student_rates, self.ensemble_rates, strict=True)
        return median(student / ensemble for student, ensemble in pairs)

    def __str__(self) -> str:
        return (
            f"{median(self.student_rates):,.0f} images/s by {_networks(self.student_networks, self.student_parameters)}"
            f", the complete ensemble {median(self.ensemble_rates):,.0f} by "
            f"{_networks(self.ensemble_networks, self.ensemble_parameters)}: {self.times_as_fast:.1f} times as fast"
        )


class DistilledStudent(Artefact):
    """The distilled student.

    Attributes:
        fingerprint: of what was timed.
        folds: a fold's number to the fingerprint of its network.
        folder: name of the folder of the networks.
        student, teacher: top-1 of the student, and of the mean of its teachers on the same rows.
        against_teacher: the student compared with its teachers.
        without_teacher: None where the run has no member with the student's settings.
        times_as_fast: the student's rate over the ensemble's.
        cost: both rates, and what was timed.
        recipe: the student's settings.
    """

    PLACE = "ensemble/distilled.json"
    fingerprint: str
    folds: dict[str, str]
    folder: str
    student: Estimate
    teacher: Estimate
    against_teacher: Difference
    without_teacher: WithoutTeacher | None = None
    times_as_fast: float
    cost: Cost
    recipe: dict[str, Any]


class Sources(Artefact):
    """What an ensemble of runs is made of: a run's name to its folder, and a submission's path to its accuracy."""

    PLACE = "ensemble/sources.json"
    runs: dict[str, str]
    submissions: dict[str, float]


class Environment(Artefact):
    """Machine and versions, without anything secret."""

    PLACE = "environment.json"
    python: str
    platform: str = ""
    cpus: int | None = None
    command: str = ""
    packages: dict[str, str | None] = Field(default={})


class AuditFindings(Artefact):
    """What the audit found; docs/audit.md describes the further keys. Without an audit, notes and unreadable images.

    Attributes:
        notes: on the tables, one sentence each.
        unreadable: `train` and `test` to a mapping from an image's path to the reason.
    """

    model_config = ConfigDict(extra="allow")
    PLACE = "audit/findings.json"
    notes: tuple[str, ...] = ()
    unreadable: dict[str, dict[str, str]] = Field(default={})


class AuditDone(Artefact):
    """That an audit is finished: the digest of its inputs."""

    PLACE = "audit/done.json"
    key: str


def _networks(count: int, parameters: int) -> str:
    return f"{count} network{'s' * (count > 1)} ({parameters / 1e6:,.1f} M parameters)"
