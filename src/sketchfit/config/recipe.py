"""The recipe: all settings of a run, one typed section per topic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field

from sketchfit.config.audit import AuditSection
from sketchfit.config.averaging import AveragingSection
from sketchfit.config.calibration import CalibrationSection
from sketchfit.config.claim import ClaimSection
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
from sketchfit.config.section import Scope, Section
from sketchfit.config.soup import SoupSection
from sketchfit.config.tracking import TrackingSection
from sketchfit.config.training import ComputeSection, TrainingSection
from sketchfit.config.transforms import TransformsSection
from sketchfit.files import write_output

_MEMBER_TRAINING = Scope("member", "training")
_MEMBER_RESULTS = Scope("member", "results")
_RUN_TRAINING = Scope("run", "training")
_RUN_RESULTS = Scope("run", "results")
_RUN_NOTHING = Scope("run", "nothing")


class Recipe(Section):
    """All settings of a run, in sections; a recipe never changes, `load_recipe(recipe, …)` returns a changed one.

    Examples:
        >>> import sketchfit
        >>> recipe = sketchfit.load_recipe("cpu", epochs=3)
        >>> recipe.training.epochs, recipe.model.backbone
        (3, 'mobilenetv2_100')
        >>> path = recipe.save("mine.yaml")
        >>> sketchfit.load_recipe(path) == recipe
        True
    """

    seed: Annotated[int, Field(ge=0, lt=2**31), _MEMBER_TRAINING] = 0
    """Seed of everything that is random: the same recipe and seed give the same run."""
    data: Annotated[DataSection, _MEMBER_TRAINING] = DataSection()
    """How tables are read and images are stored."""
    audit: Annotated[AuditSection, _RUN_RESULTS] = AuditSection()
    """What is checked in the data before training."""
    folds: Annotated[FoldsSection, _RUN_TRAINING] = FoldsSection()
    """How training rows are split for validation."""
    model: Annotated[ModelSection, _MEMBER_TRAINING] = ModelSection()
    """The backbone, its weights, its head and which parts are trained."""
    transforms: Annotated[TransformsSection, _MEMBER_TRAINING] = TransformsSection()
    """Augmentation of training images."""
    loss: Annotated[LossSection, _MEMBER_TRAINING] = Field(default_factory=LossSection.standard)
    """Loss."""
    optimizer: Annotated[OptimizerSection, _MEMBER_TRAINING] = OptimizerSection()
    """Optimizer."""
    schedule: Annotated[ScheduleSection, _MEMBER_TRAINING] = ScheduleSection()
    """Learning rate over the training."""
    training: Annotated[TrainingSection, _MEMBER_TRAINING] = TrainingSection()
    """Epochs, batches, and which checkpoint is kept."""
    averaging: Annotated[AveragingSection, _MEMBER_TRAINING] = AveragingSection()
    """Averages of weights."""
    compute: Annotated[ComputeSection, _MEMBER_RESULTS] = ComputeSection()
    """Device, precision and threads."""
    inference: Annotated[InferenceSection, _MEMBER_RESULTS] = InferenceSection()
    """How probabilities are computed."""
    ensemble: Annotated[EnsembleSection, _RUN_RESULTS] = EnsembleSection()
    """How members are combined."""
    calibration: Annotated[CalibrationSection, _RUN_RESULTS] = CalibrationSection()
    """Calibration of probabilities, and prediction sets."""
    claim: Annotated[ClaimSection, _RUN_RESULTS] = ClaimSection()
    """What is claimed for the test set."""
    pseudo_label: Annotated[PseudoLabelSection, _RUN_RESULTS] = PseudoLabelSection()
    """Training on confidently predicted test rows."""
    soup: Annotated[SoupSection, _RUN_RESULTS] = SoupSection()
    """Means of trained networks' weights."""
    refit: Annotated[RefitSection, _RUN_RESULTS] = RefitSection()
    """One more network per member, trained on all labelled rows."""
    distill: Annotated[DistillSection, _RUN_RESULTS] = DistillSection()
    """Distillation of the ensemble into one small student."""
    tracking: Annotated[TrackingSection, _RUN_NOTHING] = TrackingSection()
    """Progress, experiment trackers and notifications."""
    report: Annotated[ReportSection, _RUN_NOTHING] = ReportSection()
    """The report page of a run."""
    members: Annotated[dict[str, dict[str, Any]], _RUN_TRAINING] = Field(default_factory=dict)
    """Several members: the name of each, with the settings in which it differs from this recipe. Empty: one member,
    named after its backbone."""

    def settings(self) -> dict[str, Any]:
        """Return all settings as nested mappings of plain values.

        Examples:
            >>> import sketchfit
            >>> sketchfit.load_recipe("cpu").settings()["folds"]["k"]
            5
        """
        return self.model_dump(mode="json")

    def to_yaml(self) -> str:
        """Return the complete recipe as YAML, every default included.

        Examples:
            >>> import sketchfit
            >>> print(sketchfit.load_recipe("cpu").to_yaml()[:7])
            seed: 0
        """
        return yaml.safe_dump(self.settings(), sort_keys=False, allow_unicode=True)

    def save(self, path: str | Path) -> Path:
        """Write the complete recipe into a YAML file, which `load_recipe` and `--recipe` take; return its path.

        Raises:
            UserError: the file cannot be written.

        Examples:
            >>> import sketchfit
            >>> sketchfit.load_recipe("cpu").save("mine.yaml").name
            'mine.yaml'
        """
        write_output(Path(path), self.to_yaml())
        return Path(path)
