"""Everything that a run stores as JSON, next to its state. docs/run-folder.md describes the files."""

from __future__ import annotations

from sketchfit.runs.artefacts.audit import AuditDone, AuditFindings, DriftFindings, TraitDifference, TypicalImages
from sketchfit.runs.artefacts.choices import Choices, MeasuredChoice
from sketchfit.runs.artefacts.claims import ClaimRecord, LabelFreeFigures
from sketchfit.runs.artefacts.directions import DirectionFigures, Directions
from sketchfit.runs.artefacts.divergence import Divergence, Rewind
from sketchfit.runs.artefacts.frequencies import EstimatedFrequencies
from sketchfit.runs.artefacts.label_free import LabelFreeRecord, ShiftRecord, ThresholdRecord, UnitRecord
from sketchfit.runs.artefacts.origin import CopyOf, Environment, Finished, Sources, WorkersRecord
from sketchfit.runs.artefacts.pages import LinkedPage, LinkedPages
from sketchfit.runs.artefacts.plan import PlanAnswer, PlanDecision, PlanExpectation, PlannedUnit, RunClock, RunPlan
from sketchfit.runs.artefacts.prediction import (
    Calibration,
    Diagram,
    EnsembleWeights,
    MemberViews,
    Sets,
    SetsCheck,
    TriedView,
    Views,
)
from sketchfit.runs.artefacts.pseudo_labels import PseudoLabelRound, PseudoLabelRounds
from sketchfit.runs.artefacts.relations import GroupingFigures, KeyFigures, Relations
from sketchfit.runs.artefacts.scores import EnsembleComparison, MemberFigures, MethodFigures, Step, Steps
from sketchfit.runs.artefacts.scout import OptionFigures, ScoutedOption, ScoutFinalists, ScoutRecord, ScoutSample
from sketchfit.runs.artefacts.search import SearchRecord, SearchTrial
from sketchfit.runs.artefacts.soups import FoldSoupRecord, MemberSoupRecord, SoupRecord
from sketchfit.runs.artefacts.students import Cost, DistilledStudent, WithoutTeacher
from sketchfit.runs.artefacts.summary import FirstAdvice, RunSummary, Weakness
from sketchfit.runs.artefacts.variants import VariantsBase

__all__ = [
    "AuditDone",
    "AuditFindings",
    "Calibration",
    "Choices",
    "ClaimRecord",
    "CopyOf",
    "Cost",
    "Diagram",
    "DirectionFigures",
    "Directions",
    "DistilledStudent",
    "Divergence",
    "DriftFindings",
    "EnsembleComparison",
    "EnsembleWeights",
    "Environment",
    "EstimatedFrequencies",
    "Finished",
    "FirstAdvice",
    "FoldSoupRecord",
    "GroupingFigures",
    "KeyFigures",
    "LabelFreeFigures",
    "LabelFreeRecord",
    "LinkedPage",
    "LinkedPages",
    "MeasuredChoice",
    "MemberFigures",
    "MemberSoupRecord",
    "MemberViews",
    "MethodFigures",
    "OptionFigures",
    "PlanAnswer",
    "PlanDecision",
    "PlanExpectation",
    "PlannedUnit",
    "PseudoLabelRound",
    "PseudoLabelRounds",
    "Relations",
    "Rewind",
    "RunClock",
    "RunPlan",
    "RunSummary",
    "ScoutFinalists",
    "ScoutRecord",
    "ScoutSample",
    "ScoutedOption",
    "SearchRecord",
    "SearchTrial",
    "Sets",
    "SetsCheck",
    "ShiftRecord",
    "SoupRecord",
    "Sources",
    "Step",
    "Steps",
    "ThresholdRecord",
    "TraitDifference",
    "TriedView",
    "TypicalImages",
    "UnitRecord",
    "VariantsBase",
    "Views",
    "Weakness",
    "WithoutTeacher",
    "WorkersRecord",
]
