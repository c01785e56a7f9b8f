"""How new rows are predicted: the ensembling rule, the views of each member, calibration."""

from __future__ import annotations

from typing import Any, Literal

from sketchfit.runs.artefact import Artefact, ArtefactPart, Numbers
from sketchfit.runs.estimates import Difference, Estimate


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


class TriedView(ArtefactPart):
    """A test-time view and its gains on out-of-fold rows; see `inference.view_gains.ViewGain`.

    Attributes:
        loss_beside_base, loss_beside_chosen: by how much the log-loss is lower, in nats; None where views vote, and in
            folders of earlier versions, which did not measure it.
    """

    name: str
    kept: bool
    alone: Estimate
    beside_base: Difference
    beside_chosen: Difference
    loss_beside_base: Difference | None = None
    loss_beside_chosen: Difference | None = None

    @staticmethod
    def stored(content: dict[str, Any]) -> dict[str, Any]:
        """Return what a file holds: log-losses only where they were measured."""
        return {key: value for key, value in content.items() if not key.startswith("loss_") or value is not None}


class MemberViews(ArtefactPart):
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
        for member in content["members"].values():
            member["tried"] = [TriedView.stored(view) for view in member["tried"]]
        return content["members"]


class Diagram(ArtefactPart):
    """A reliability diagram, B bins: mean confidence, accuracy with its interval, and rows per bin."""

    confidence: Numbers
    accuracy: Numbers
    low: Numbers
    high: Numbers
    count: tuple[int, ...]


class SetsCheck(ArtefactPart):
    """Cross-fitted coverage of prediction sets, their mean size and the share of sets of one class."""

    coverage: Estimate
    mean_size: float
    singletons: float


class Sets(ArtefactPart):
    """Prediction sets: the coverage wanted, the threshold of the score (None: infinite) from n rows, and the check."""

    coverage: float
    score: str
    threshold: float | None
    n: int
    checked: SetsCheck


class Calibration(Artefact):
    """The calibrator of the run's probabilities, and what it changed.

    Attributes:
        method: that is used: `none`, `temperature` or `vector`. The recipe's own one is not used where it makes
            cross-fitted log-loss worse; see `Choices`.
        temperature: for `none` (1.0) and `temperature`.
        scale, bias: C numbers each, for `vector`.
        ece_before, ece_after, ece_fitted: expected calibration error, 0 … 1; `after` is cross-fitted.
        log_loss_before, log_loss_after: nats.
        sets: where the recipe sets their coverage.
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
