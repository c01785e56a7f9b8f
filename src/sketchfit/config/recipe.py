"""The recipe: all settings of a run, one typed section a topic."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from sketchfit.config.audit import AuditSection
from sketchfit.config.averaging import AveragingSection
from sketchfit.config.calibration import CalibrationSection
from sketchfit.config.data import DataSection
from sketchfit.config.distill import DistillSection
from sketchfit.config.ensemble import EnsembleSection
from sketchfit.config.folds import FoldsSection
from sketchfit.config.inference import InferenceSection
from sketchfit.config.loss import LossSection
from sketchfit.config.model import ModelSection
from sketchfit.config.optimizer import OptimizerSection
from sketchfit.config.pseudo_label import PseudoLabelSection
from sketchfit.config.refit import RefitSection
from sketchfit.config.report import ReportSection
from sketchfit.config.schedule import ScheduleSection
from sketchfit.config.section import Section
from sketchfit.config.soup import SoupSection
from sketchfit.config.tracking import TrackingSection
from sketchfit.config.training import ComputeSection, TrainingSection
from sketchfit.config.transforms import TransformsSection


class Recipe(Section):
    """All settings of a run."""

    seed: int = Field(default=0, ge=0, lt=2**31)
    """Seed of everything that is random: the same recipe and seed give the same run."""
    data: DataSection = DataSection()
    """How tables are read and images are stored."""
    audit: AuditSection = AuditSection()
    """What is looked for in the data before training."""
    folds: FoldsSection = FoldsSection()
    """How training rows are split for validation."""
    model: ModelSection = ModelSection()
    """The backbone, its weights, its head and what of it is trained."""
    transforms: TransformsSection = TransformsSection()
    """What a training picture goes through."""
    loss: LossSection = Field(default_factory=LossSection.standard)
    """What is minimised."""
    optimizer: OptimizerSection = OptimizerSection()
    """Who minimises it."""
    schedule: ScheduleSection = ScheduleSection()
    """The learning rate over time."""
    training: TrainingSection = TrainingSection()
    """How long, in what batches, and which checkpoint is kept."""
    averaging: AveragingSection = AveragingSection()
    """Averages of weights over time."""
    compute: ComputeSection = ComputeSection()
    """On what the run computes."""
    inference: InferenceSection = InferenceSection()
    """How probabilities are made."""
    ensemble: EnsembleSection = EnsembleSection()
    """How members are combined."""
    calibration: CalibrationSection = CalibrationSection()
    """How probabilities are made to mean what they say."""
    pseudo_label: PseudoLabelSection = PseudoLabelSection()
    """Learning from test rows that the folds are sure of."""
    soup: SoupSection = SoupSection()
    """Means of trained networks' weights."""
    refit: RefitSection = RefitSection()
    """One more network a member, trained on all labelled rows."""
    distill: DistillSection = DistillSection()
    """The ensemble into one small student."""
    tracking: TrackingSection = TrackingSection()
    """What is shown and sent while a run works."""
    report: ReportSection = ReportSection()
    """The page about a run."""
    members: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Several members: a name each, with the settings in which it differs from this recipe. Empty: one member,
    named after its backbone."""
