"""What stages produce: plain data that later stages read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sketchfit.data.unused import Unused
from sketchfit.inference.calibration import CalibrationReport, Calibrator, Method
from sketchfit.inference.diversity import Diversity
from sketchfit.inference.ensembling.compare import Comparison
from sketchfit.inference.ensembling.rule import Rule
from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.inference.oof import Floats, Predictions
from sketchfit.inference.view_selection import SelectedViews
from sketchfit.runs.artefacts import MeasuredChoice, Step
from sketchfit.runs.run import Run


@dataclass(frozen=True)
class MemberPredictions:
    """Probabilities of one member by its views.

    Attributes:
        plain: float32 [n, C], out-of-fold, of the entire image alone.
        oof: float32 [n, C], each row by views that were chosen on other folds; `plain` where no view is used.
        test: float32 [N_test, C] of each network, by the views chosen on all rows.
        views: those views; None where no other was tried.
        gain: nested gain of choosing views; None where no other was tried.
        folder: name of the folder of the networks that predict test rows.
        folds: number of the fold of each of these networks; empty where they are not those of the folds.
        choice: whether the views are used; None where none was chosen.
    """

    plain: Floats
    oof: Floats
    test: tuple[Floats, ...]
    views: SelectedViews | None
    gain: Difference | None
    folder: str
    folds: tuple[int, ...]
    choice: MeasuredChoice | None = None


@dataclass(frozen=True)
class Ensemble:
    """Members combined.

    Attributes:
        method: name of the way of combining.
        rule: fitted on all out-of-fold rows.
        predictions: out-of-fold rows by rules fitted on other folds; test rows by `rule`.
        comparison, diversity: None for a single member.
        choice: whether members are combined, or the best one is used; None where there was no choice.
    """

    method: str
    rule: Rule
    predictions: Predictions
    comparison: Comparison | None
    diversity: Diversity | None
    choice: MeasuredChoice | None = None


@dataclass(frozen=True)
class Calibrated:
    """Probabilities after calibration.

    Attributes:
        predictions: out-of-fold rows by calibrators fitted on other folds; test rows by `calibrator`.
        calibrator: of the test rows.
        report: what calibration changed.
        method: that is used.
        choices: one per method that was measured.
    """

    predictions: Predictions
    calibrator: Calibrator
    report: CalibrationReport
    method: Method = "none"
    choices: tuple[MeasuredChoice, ...] = ()


@dataclass(frozen=True)
class RunResult:
    """What a run found, and where it is.

    Attributes:
        folder: of the run.
        top1, top5: out-of-fold accuracy with interval, over the rows of the folds that were trained.
        submission: its path; None where there are no test rows.
        unreadable_train, unreadable_test: path of each image that can't be read, with the reason.
        unused: files in the data folder that are in no row, by reason.
        damaged: the same for images of which a part is decoded and used.
        seconds: time by stage.
        steps: out-of-fold accuracy after each step that follows training.

    Examples:
        >>> import sketchfit
        >>> result = sketchfit.run("data", "demo", out="runs/mine", epochs=1, k=2, report__enabled=False)
        >>> print("top-1", result.top1)
        top-1 ... % (95 % interval ..., n = 32)
        >>> result.submission.name, result.report, result.run.kind
        ('submission.csv', None, 'run')
    """

    folder: Path
    top1: Estimate
    top5: Estimate
    submission: Path | None
    unreadable_train: Mapping[str, str]
    unreadable_test: Mapping[str, str]
    damaged: Mapping[str, str]
    unused: tuple[Unused, ...]
    seconds: Mapping[str, float]
    steps: tuple[Step, ...] = ()

    @property
    def run(self) -> Run:
        """The run's folder, opened: probabilities, tables, claim, findings."""
        return Run.open(self.folder)

    @property
    def claim(self) -> Estimate | None:
        """The accuracy that the run claims for the test set, or for new images; None where `claim` is off."""
        claim = self.run.claim
        return None if claim is None else claim.expected

    @property
    def report(self) -> Path | None:
        """The page of the report; None where `report` is off."""
        page = self.run.folder.report
        return page if page.is_file() else None
