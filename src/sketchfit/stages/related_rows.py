"""Related rows of a table without a run: for `sketchfit audit`."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.callback import AuditCallback
from sketchfit.bank.features import BankFeatures, open_features
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.data.table import Table
from sketchfit.errors import UserError
from sketchfit.models.hub import has_cached_weights
from sketchfit.reporting.audit.relations_card import why_untested
from sketchfit.runs.artefacts import Relations
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.context import RunContext, RunState
from sketchfit.stages.decode import open_members
from sketchfit.stages.relate import SEPARABLE, find_related
from sketchfit.stages.start_weights import why_no_features
from sketchfit.tracking.console import Console
from sketchfit.training.engine import make_engine

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TableFeatures:
    """Frozen features of a table's images.

    Attributes:
        context: of a run that writes nothing.
        features: None where they could not be computed.
        untested: why not, one sentence without a full stop; else empty.
    """

    context: RunContext
    features: BankFeatures | None
    untested: str = ""

    @classmethod
    def of(cls, table: Table, recipe: Recipe, console: Console) -> TableFeatures:
        """Compute the features of the first member, and measure the images that are decoded for the audit."""
        context = RunContext(RunFolder(Path()), recipe, table, make_engine(recipe.compute), console)
        if recipe.folds.column is not None:
            return cls(context, None, why_untested(recipe))
        try:
            features = _features(context)
        except UserError as error:
            return cls(context, None, error.problems[0])
        return cls(context, features, "" if features else why_untested(recipe))

    def relations(self, group: NDArray[np.int64], auc_low: float | None) -> Relations | None:
        """Find related rows and the grouping that a run would choose; None without features.

        Args:
            group: int64 [N], near-duplicates share a number.
            auc_low: lower end of the area under the curve of a classifier of training and test images by traits.

        Raises:
            UserError: `folds.group` names something that the rows do not have.
        """
        if self.features is None:
            return None
        state = RunState(features=self.features, group=group)
        return find_related(self.context, state, auc_low is None or auc_low > SEPARABLE)[0]


def _features(context: RunContext) -> BankFeatures | None:
    name, recipe = next(iter(member_recipes(context.recipe).items()))
    if reason := why_no_features(recipe, context):
        raise UserError(reason)
    # Before all images are decoded: it raises an error where the weights can't be had.
    if recipe.model.pretrained and recipe.model.weights is None and not has_cached_weights(recipe.model):
        log.info(f"the weights of {recipe.model.backbone} are downloaded, to test which rows are related")
    callback = AuditCallback(context.table, context.recipe)
    member = open_members(context, {name: recipe}, callback)[name]
    callback.finish(context.console)
    if not member.train.readable.any():
        raise UserError("no training image can be read")
    stores = (member.train, member.test)
    return open_features(recipe, context.table, stores, context.engine.device, context.console)
