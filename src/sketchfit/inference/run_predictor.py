"""Predicts new images as a finished run predicts its test rows: all networks, views, the ensemble, the calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.config.views import IDENTITY
from sketchfit.data.store import Store
from sketchfit.data.store_settings import StoreSettings
from sketchfit.data.stores import store_settings
from sketchfit.errors import RunError
from sketchfit.inference.calibration import Calibrator, Temperature, VectorScaling
from sketchfit.inference.ensembling.rule import Rule, pools
from sketchfit.inference.merged_views import merge_views
from sketchfit.inference.predictor import Predictor
from sketchfit.inference.tta import count_pictures, parse_views
from sketchfit.inference.unreadable import with_prior
from sketchfit.inference.votes import combine_folds
from sketchfit.models.saved_network import load_network
from sketchfit.runs.artefact import FINISH
from sketchfit.runs.artefacts import Calibration, EnsembleWeights, MemberViews, Views
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.run import Run

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

MakePredictor = Callable[[NetworkFolder, Recipe, int], Predictor]
"""(folder of a network, recipe of its member, pictures that it will predict) → its predictor."""


@dataclass(frozen=True)
class MemberNetworks:
    """The networks of one member.

    Attributes:
        recipe: of the member.
        networks: one per fold, and perhaps one more that was trained on all rows.
        weights: of each network.
        views: the test-time views that each network predicts, and how they are merged.
    """

    recipe: Recipe
    networks: tuple[NetworkFolder, ...]
    weights: tuple[float, ...]
    views: MemberViews

    @property
    def of_folds(self) -> tuple[NetworkFolder, ...]:
        """The networks of the folds, without that of all rows."""
        return self.networks if self.views.refit is None else self.networks[:-1]


@dataclass(frozen=True)
class RunAnswers:
    """Probabilities of new images.

    Attributes:
        final: float32 [N, classes], of all images, as the run predicts its test rows.
        networks: of each member, those of each fold's network, float32 [n, classes] each, of the images wanted.
    """

    final: Floats
    networks: tuple[tuple[Floats, ...], ...]

    def keeping(self, rows: Rows) -> RunAnswers:
        """Keep each network's probabilities of some of the images whose probabilities are there, int64 [n]."""
        return RunAnswers(self.final, tuple(tuple(prob[rows] for prob in one) for one in self.networks))


@dataclass(frozen=True)
class RunPredictor:
    """The members of a run and how their probabilities are combined.

    Attributes:
        members: in the order of `rule`.
        rule: of ensembling.
        folds: how the networks of a member are merged: `soft`, their mean, or `hard`, a vote.
        calibrator: of the ensemble's probabilities.
        classes: number of classes.
    """

    members: tuple[MemberNetworks, ...]
    rule: Rule
    folds: Literal["soft", "hard"]
    calibrator: Calibrator
    classes: int

    @classmethod
    def of(cls, run: Run) -> RunPredictor:
        """Return the predictor of a run; of a folder of `sketchfit fit`, the mean of its networks.

        Raises:
            UserError: the run is not finished, a file of its answers is missing, or it is an ensemble of runs, which
                has no networks.
        """
        if run.kind == "ensemble":
            raise RunError(
                f"{run.path} is an ensemble of runs, which has no networks", "Predict with the runs it names."
            )
        if run.rule is None or run.views is None or run.calibration is None:
            _check_none(run)
            return cls._mean(run, run.members)
        # Members that went into a soup under another member's name are not among the views.
        views = {name: run.views.members[name] for name in run.members if name in run.views.members}
        members = tuple(_member(run, run.members[name], found) for name, found in views.items())
        rule, calibrator = _rule(run, run.rule, list(views)), _calibrator(run.calibration)
        return cls(members, rule, run.rule.folds, calibrator, run.table.class_count)

    @classmethod
    def of_student(cls, run: Run) -> RunPredictor:
        """Return the predictor of a run's distilled student: the entire image, without calibration.

        Raises:
            UserError: there is no student, or it is not finished.
        """
        if not run.students:
            raise RunError(f"{run.path} has no distilled student", f"Make one: sketchfit distill {run.path}")
        return cls._mean(run, run.students)

    @classmethod
    def _mean(cls, run: Run, recipes: dict[str, Recipe]) -> RunPredictor:
        plain = {name: MemberViews(folder=name, names=(IDENTITY,), mode="mean-prob") for name in recipes}
        members = tuple(_member(run, recipes[name], views) for name, views in plain.items())
        equal = Rule(np.full(len(members), 1 / len(members)))
        return cls(members, equal, "soft", Temperature(), run.table.class_count)

    @property
    def store_settings(self) -> list[StoreSettings]:
        """How the images of each member are stored."""
        return [store_settings(member.recipe) for member in self.members]

    def probabilities(self, stores: Sequence[Store], device: torch.device) -> Floats:
        """Return probabilities float32 [N, classes]; equal ones for images that no member can read.

        Args:
            stores: the same N images for each member, as `store_settings` describes.
            device: on which the networks compute.
        """
        return self.answers(stores, device, np.zeros(0, dtype=np.int64)).final

    def answers(
        self, stores: Sequence[Store], device: torch.device, wanted: Rows, networks: MakePredictor | None = None
    ) -> RunAnswers:
        """Return probabilities, and those of the single networks for some of the images.

        Args:
            stores: see `probabilities`.
            device: on which the networks compute.
            wanted: int64 [n], images whose probabilities of each network are kept.
            networks: makes the predictor of a network; None: each is loaded when it predicts, and dropped afterwards.
        """
        make = networks or partial(load_predictor, classes=self.classes, device=device)
        prior = np.full(self.classes, 1 / self.classes, dtype=np.float32)
        by_member, kept = [], []
        for member, store in zip(self.members, stores, strict=True):
            single = _single(member, store, make)
            merged = combine_folds(single, self.folds, member.weights)
            by_member.append(with_prior(merged, store.readable, prior))
            of_folds = single[: len(member.of_folds)]
            kept.append(tuple(with_prior(prob, store.readable, prior)[wanted] for prob in of_folds))
        prob = self.combine(by_member)
        readable = np.any([store.readable for store in stores], axis=0)
        return RunAnswers(with_prior(prob[readable], readable, prior), tuple(kept))

    def combine(self, by_member: Sequence[Floats]) -> Floats:
        """Return the calibrated probabilities of all members together, float32 [N, classes], of those of each."""
        return self.calibrator.apply(self.rule.combine(by_member)).astype(np.float32)

    def units(self, answers: RunAnswers, folds: Sequence[Sequence[int]]) -> list[NDArray[np.floating[Any]]]:
        """Return the probabilities of units, members combined: float [n, classes] per unit.

        Args:
            answers: by this predictor.
            folds: of each unit, the numbers of the folds whose networks are averaged.

        Returns:
            Nothing where a member lacks one of these networks, or a unit has none.
        """
        by_fold = [
            {folder.fold: prob for folder, prob in zip(member.of_folds, found, strict=True)}
            for member, found in zip(self.members, answers.networks, strict=True)
        ]
        wanted = {fold for unit in folds for fold in unit}
        if not all(folds) or any(not wanted <= set(own) for own in by_fold):
            return []
        means = [[np.mean([own[fold] for fold in unit], axis=0) for own in by_fold] for unit in folds]
        return [self.rule.combine(of_members) for of_members in means]


def load_predictor(
    folder: NetworkFolder, recipe: Recipe, pictures: int, classes: int, device: torch.device
) -> Predictor:
    """Return the predictor of a network that is loaded for so many pictures."""
    return Predictor.of(load_network(folder.path, recipe, classes), recipe, device, images=pictures)


def _single(member: MemberNetworks, store: Store, make: MakePredictor) -> list[Any]:
    """Return the probabilities of the readable rows by each network of a member, merged over its views."""
    rows, views = np.flatnonzero(store.readable), parse_views(member.views.names)
    found = []
    for folder in member.networks:
        prob = make(folder, member.recipe, len(rows) * count_pictures(views)).views(store, rows, views)
        found.append(merge_views([prob[name] for name in member.views.names], member.views.mode))
    return found


def _check_none(run: Run) -> None:
    """Refuse a run that has some of the files that decide its answers, and lacks others; a fit has none.

    Raises:
        UserError: one is missing.
    """
    found = {kind.PLACE: kind.exists(run.path) for kind in (EnsembleWeights, Views, Calibration)}
    if any(found.values()):
        missing = [run.path / place for place, exists in found.items() if not exists]
        raise RunError([f"{path} is missing" for path in missing], "Run the command that made the folder again.")


def _member(run: Run, recipe: Recipe, views: MemberViews) -> MemberNetworks:
    """Find the networks that predict for a member."""
    networks = run.networks(views.folder)
    if not networks:
        raise RunError(f"{run.path} has no trained network of member {views.folder}", FINISH)
    weights = [1.0] * len(networks)
    if views.refit is not None:
        name, weight = views.refit
        networks.append(run.folder.network(name, 0))
        weights.append(weight)
    return MemberNetworks(recipe, tuple(networks), tuple(weights), views)


def _rule(run: Run, stored: EnsembleWeights, members: Sequence[str]) -> Rule:
    """Return the stored rule, for these members in this order."""
    if set(stored.weights) != set(members):
        raise RunError(
            f"{run.path / stored.PLACE} has weights of {', '.join(stored.weights)}, and the members of the run are "
            f"{', '.join(members)}"
        )
    pools.get(stored.how)  # raises where a pool of another distribution is not installed here
    weights = np.array([stored.weights[member] for member in members], dtype=np.float64)
    return Rule(weights, stored.how, None if stored.bias is None else np.array(stored.bias, dtype=np.float64))


def _calibrator(stored: Calibration) -> Calibrator:
    """Return the stored calibrator."""
    if stored.method == "vector":
        return VectorScaling(np.array(stored.scale), np.array(stored.bias))
    return Temperature(1.0 if stored.temperature is None else stored.temperature)
