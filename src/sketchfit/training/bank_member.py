"""A member without epochs: kernel heads of all folds from one decomposition, and stored features in place of passes.

The features of a frozen backbone are computed once per image. The heads of the folds, their out-of-fold and test
probabilities and their temperatures follow from them. They are those of the saved networks up to the rounding of stored
features. The scale of the features and the width of the kernel come from the rows of all folds, without their labels.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.extractor import Extractor
from sketchfit.bank.features import FeaturePass
from sketchfit.bank.kernel import MOST_ROWS, KernelRidge, KernelSettings
from sketchfit.bank.kernel_fold import KernelFold, scores_by
from sketchfit.bank.scale import FeatureScale
from sketchfit.bank.temperature import fit_temperature, probabilities
from sketchfit.config.fold_weights import has_fold_weights
from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold, all_rows
from sketchfit.data.store import Store
from sketchfit.errors import UserError
from sketchfit.inference.unreadable import class_prior, with_prior
from sketchfit.models.network import Network
from sketchfit.models.saved_network import save_network
from sketchfit.tracking.callback import NO_CALLBACK, Callback, FoldCallback
from sketchfit.tracking.console import duration
from sketchfit.tracking.history import write_history
from sketchfit.training.context import Member, RunContext
from sketchfit.training.fold import (
    FoldResult,
    delete_unfinished,
    fold_figures,
    fold_fingerprint,
    fold_job,
    fold_recipe,
    read_fold,
    train_fold,
)
from sketchfit.training.kernel_head import extractor_of, kernel_network
from sketchfit.training.kernel_views import averages_mirrored, head_pictures
from sketchfit.training.seed_soup import train_network
from sketchfit.transforms.mirroring import Mirroring

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def is_bank_member(recipe: Recipe) -> bool:
    """Return whether a member has heads in closed form on one frozen backbone."""
    return recipe.training.epochs == 0 and not has_fold_weights(recipe)


def train_member(
    context: RunContext,
    member: Member,
    folds: Sequence[Fold],
    group: Rows | None = None,
    callback: Callback = NO_CALLBACK,
) -> tuple[FoldResult, ...]:
    """Train a member's networks of these folds, unless that is done, and return their probabilities.

    Args:
        context: of the run.
        member: to train.
        folds: at least one.
        group: int64 [N], near-duplicates and other related rows of the training table; None: each row is a group.
        callback: receives the figures of each network.
    """
    if is_bank_member(member.recipe) and len(all_rows(folds).train) <= MOST_ROWS:
        return train_bank_member(context, member, folds, group, callback)
    return tuple(train_fold(context, member, fold, callback) for fold in folds)


def train_bank_member(
    context: RunContext,
    member: Member,
    folds: Sequence[Fold],
    group: Rows | None = None,
    callback: Callback = NO_CALLBACK,
) -> tuple[FoldResult, ...]:
    """Fit the heads of these folds at once, unless that is done, and return their probabilities.

    What is written does not depend on which folds are fitted together. Arguments: `train_member`.

    Raises:
        UserError: the backbone has no features, or the penalty is too small.
    """
    fingerprints = {fold.number: fold_fingerprint(member, context.table, fold) for fold in folds}
    networks = {fold.number: context.run.network(member.name, fold.number) for fold in folds}
    missing = [fold for fold in folds if not networks[fold.number].is_done(fingerprints[fold.number])]
    if missing:
        job = fold_job(context, member, missing[0], fingerprints[missing[0].number])
        network = train_network(job, context.engine, context.console)
        fitting = _Fitting(context, member, network, group, callback)
        context.engine.on_main(lambda: fitting.write(missing, fingerprints))
        context.engine.free_memory()
    for folder in networks.values():
        context.engine.on_main(partial(delete_unfinished, folder))
    return tuple(read_fold(networks[fold.number]) for fold in folds)


@dataclass(frozen=True)
class _FoldHead:
    """What is known of a fold's head.

    Attributes:
        part: the regression without the fold's other rows.
        dual: float32 [n, C], coefficients for all rows.
        temperature: of its scores.
        oof: float32 [n_valid, C], scores of the fold's validation rows.
    """

    part: KernelFold
    dual: Floats
    temperature: float
    oof: Floats


@dataclass(frozen=True)
class _Fitting:
    """Fits and writes the heads of a member; `network` is the member's backbone."""

    context: RunContext
    member: Member
    network: Network
    group: Rows | None
    callback: Callback

    def write(self, folds: Sequence[Fold], fingerprints: dict[int, str]) -> None:
        """Write everything of the networks of these folds."""
        began = time.monotonic()
        extractor = extractor_of(self.network, self.member.recipe, self.context.engine.device)
        rows = all_rows(folds).train
        first = next(self._features(extractor, self.member.train))[rows]
        scale = FeatureScale.of(first, extractor.pooling.widths)
        del first
        values = (part[rows] for part in self._features(extractor, self.member.train))
        ridge = self._ridge(_as_saved(scale.mean_of(values)), rows)
        heads = [self._head(ridge, rows, fold) for fold in folds]
        readable = self.member.test.readable
        features = scale.mean_of(part[readable] for part in self._features(extractor, self.member.test))
        tests = scores_by(ridge, [head.dual for head in heads], features)
        shared = (time.monotonic() - began) / len(folds)
        for fold, head, test in zip(folds, heads, tests, strict=True):
            started = time.monotonic()
            made = kernel_network(self.network, extractor.pooling, scale, head.part.head)
            made.temperature.fill_(head.temperature)
            made.mirrored.fill_(int(self._mirrored))
            self._write_network(fold, replace(self.network, model=made.eval()))
            self._write_probabilities(fold, head, test)
            self._finish(fold, fingerprints[fold.number], shared + time.monotonic() - started)

    @property
    def _mirrored(self) -> bool:
        recipe = self.member.recipe
        return averages_mirrored(recipe, Mirroring.of(recipe.transforms, self.context.table.class_labels))

    def _features(self, extractor: Extractor, store: Store) -> Iterator[Floats]:
        """Yield the features of all images of a store, float32 [N, D], per picture of the head."""
        for picture in head_pictures(self._mirrored):
            bank = FeaturePass(self.member.recipe, extractor, self.context.console, picture.name, picture.make)
            if len(store.errors):
                yield bank.features(store).read()
            else:  # of no rows, the cache has no files
                yield np.zeros((0, sum(extractor.pooling.widths)), dtype=np.float32)

    def _ridge(self, features: Floats, rows: Rows) -> KernelRidge:
        section, table = self.member.recipe.training.kernel, self.context.table
        settings = KernelSettings(section.width, section.strength)
        try:
            return KernelRidge.of(features, table.label[rows], table.class_count, settings)
        except ValueError as error:
            raise UserError(f"{self.member.name}: {error}", "Set training.kernel.strength higher.") from error

    def _head(self, ridge: KernelRidge, rows: Rows, fold: Fold) -> _FoldHead:
        """Fit the head of a fold; its temperature has the least log-loss on training rows left out by group."""
        removed = np.setdiff1d(rows, fold.train)
        part = KernelFold(ridge, np.searchsorted(rows, removed))
        left_out = part.left_out(None if self.group is None else self.group[rows])
        label = ridge.label[part.kept]
        right = 100 * float((left_out.argmax(axis=1) == label).mean())
        log.info(
            f"{self.member.name}/fold{fold.number}: kernel head on {len(label):,} images; "
            f"leaving out near-duplicates together, {right:.1f} % of them are right"
        )
        oof = part.held_out()[np.searchsorted(removed, fold.valid)]
        return _FoldHead(part, part.padded_dual, fit_temperature(left_out, label), oof)

    def _write_network(self, fold: Fold, network: Network) -> None:
        folder, recipe = self.context.run.fold(self.member.name, fold.number), fold_recipe(self.member, fold)
        write_history(folder / "history.csv", [])
        save_network(folder, network, recipe, self.context.row_ids[fold.train])

    def _write_probabilities(self, fold: Fold, head: _FoldHead, test: Floats) -> None:
        table, folder = self.context.table, self.context.run.network(self.member.name, fold.number)
        folder.write_probabilities("oof", fold.valid, probabilities(head.oof, head.temperature))
        readable = self.member.test.readable
        prior = class_prior(table.label[fold.train], table.class_count)
        full = with_prior(probabilities(test, head.temperature), readable, prior)
        folder.write_probabilities("test", np.arange(len(readable)), full)

    def _finish(self, fold: Fold, fingerprint: str, seconds: float) -> None:
        folder = self.context.run.network(self.member.name, fold.number)
        folder.finish(fingerprint, seconds)
        log.info(f"{folder.name}: done in {duration(seconds)}")
        found = read_fold(folder)
        every = FoldCallback(self.callback, self.member.name, fold.number, 0)
        every.finished(fold_figures(found.oof, self.context.table.label[found.rows], seconds))


def _as_saved(features: Floats) -> Floats:
    """Return features with the rounding of a saved network, so that its head is exactly the one that was fitted."""
    return features.astype(np.float16).astype(np.float32)
