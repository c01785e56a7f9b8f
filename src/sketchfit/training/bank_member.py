"""A member without epochs: heads in closed form of all folds from one fit, and stored features in place of passes.

The features of a frozen backbone are computed once per image. The heads of the folds, their out-of-fold and test
probabilities and their temperatures follow from them. They are those of the saved networks up to the rounding of stored
features. The scale of the features and the units of the settings come from the rows of all folds, without labels.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.closed_form import AllRows, ClosedForm
from sketchfit.bank.closed_forms import closed_forms
from sketchfit.bank.head_choice import HeadChoice
from sketchfit.bank.temperature import fit_temperature, probabilities
from sketchfit.bank.without_rows import ScoringHead
from sketchfit.config.fold_weights import has_fold_weights
from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold, all_rows
from sketchfit.errors import UserError
from sketchfit.inference.unreadable import class_prior, with_prior
from sketchfit.models.network import Network
from sketchfit.models.saved_network import save_network
from sketchfit.tracking.callback import NO_CALLBACK, Callback, FoldCallback
from sketchfit.tracking.console import duration
from sketchfit.tracking.history import write_history
from sketchfit.training.bank_features import BankMemberFeatures
from sketchfit.training.context import Member, RunContext, TrainingUnit
from sketchfit.training.fold import delete_unfinished, fold_figures, fold_job, is_finished, read_fold, train_fold
from sketchfit.training.fold_identity import check_finished, fold_recipe, known_fingerprint
from sketchfit.training.fold_result import FoldResult
from sketchfit.training.kernel_head import extractor_of, head_network
from sketchfit.training.kernel_views import averages_mirrored, head_pictures
from sketchfit.training.seed_soup import train_network
from sketchfit.transforms.mirroring import Mirroring
from sketchfit.wording import counted

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def is_bank_member(recipe: Recipe) -> bool:
    """Return whether a member has heads in closed form on one frozen backbone."""
    return recipe.training.epochs == 0 and not has_fold_weights(recipe)


def train_members(
    context: RunContext,
    members: Sequence[Member],
    folds: Sequence[Fold],
    group: Rows | None = None,
    callback: Callback = NO_CALLBACK,
) -> list[tuple[FoldResult, ...]]:
    """Train the networks of several members on these folds, unless that is done, and return their probabilities.

    Members with heads in closed form come first: they take seconds.

    Args:
        context: of the run; its executor may train several networks at the same time.
        members: to train.
        folds: at least one.
        group: int64 [N], near-duplicates and other related rows of the training table; None: each row is a group.
        callback: receives the figures of each network.
    """
    found = {
        member.name: train_bank_member(context, member, folds, group, callback)
        for member in members
        if is_bank_member(member.recipe)
    }
    networks = [member for member in members if member.name not in found]
    units = [unit for member in networks for unit in member_units(context, member, folds, callback)]
    results = iter(context.executor.train(units))
    found |= {member.name: tuple(islice(results, len(folds))) for member in networks}
    return [found[member.name] for member in members]


def member_units(
    context: RunContext, member: Member, folds: Sequence[Fold], callback: Callback = NO_CALLBACK
) -> list[TrainingUnit]:
    """Return the units of a member's networks."""
    return [
        TrainingUnit(
            context, member.name, fold.number, partial(train_fold, member=member, fold=fold, callback=callback)
        )
        for fold in folds
    ]


def train_bank_member(
    context: RunContext,
    member: Member,
    folds: Sequence[Fold],
    group: Rows | None = None,
    callback: Callback = NO_CALLBACK,
) -> tuple[FoldResult, ...]:
    """Fit the heads of these folds at once, unless that is done, and return their probabilities.

    What is written does not depend on which folds are fitted together. Arguments: `train_members`.

    Raises:
        UserError: the backbone has no features, or the penalty is too small.
    """
    fingerprints = {fold.number: known_fingerprint(context, member, fold) for fold in folds}
    networks = {fold.number: context.run.network(member.name, fold.number) for fold in folds}
    missing = [fold for fold in folds if not is_finished(networks[fold.number], fingerprints[fold.number])]
    if missing:
        for fold in missing:  # heads are fitted again where only the test rows have changed: it takes seconds
            check_finished(context, member, fold)
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
        head: fitted on the fold's training rows.
        kept: int64, places of these rows in the fit on all rows.
        temperature: of its scores.
        oof: float32 [n_valid, C], scores of the fold's validation rows.
        test: float32 [m_test, C], scores of the test rows that can be read.
    """

    head: ScoringHead
    kept: Rows
    temperature: float
    oof: Floats
    test: Floats


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
        began, rows = time.monotonic(), all_rows(folds).train
        extractor = extractor_of(self.network, self.member.recipe, self.context.engine.device)
        pictures = head_pictures(self._mirrored)
        features = BankMemberFeatures.open(self.member, extractor, pictures, rows, self.context.console)
        heads = self._heads(features, rows, folds)
        shared = (time.monotonic() - began) / len(folds)
        for fold in folds:
            started, head = time.monotonic(), heads[fold.number]
            made = head_network(self._form, self.network, extractor.pooling, features.scale, head.head)
            made.temperature.fill_(head.temperature)
            made.mirrored.fill_(int(self._mirrored))
            self._write_network(fold, replace(self.network, model=made.eval()))
            self._write_probabilities(fold, head)
            self._finish(fold, fingerprints[fold.number], shared + time.monotonic() - started)

    @property
    def _form(self) -> ClosedForm:
        return closed_forms.get(self.member.recipe.training.kernel.head)

    @property
    def _mirrored(self) -> bool:
        recipe = self.member.recipe
        return averages_mirrored(recipe, Mirroring.of(recipe.transforms, self.context.table.class_labels))

    def _heads(self, features: BankMemberFeatures, rows: Rows, folds: Sequence[Fold]) -> dict[int, _FoldHead]:
        """Fit the head of each fold, by its number; those with the same settings from one fit."""
        by_settings: dict[Hashable, list[Fold]] = {}
        found: dict[int, _FoldHead] = {}
        try:
            for fold, settings in zip(folds, self._settings(features, rows, folds), strict=True):
                by_settings.setdefault(settings, []).append(fold)
            for settings, some in by_settings.items():
                found |= self._heads_with(settings, features, rows, some)
        except ValueError as error:
            raise UserError(f"{self.member.name}: {error}", "Set training.kernel.strength higher.") from error
        return found

    def _settings(self, features: BankMemberFeatures, rows: Rows, folds: Sequence[Fold]) -> list[Hashable]:
        """Return the settings of each fold, chosen without its other rows where the recipe has `auto`."""
        section, label = self.member.recipe.training.kernel, self.context.table.label[rows]
        candidates = self._form.candidates(section)
        if len(candidates) == 1:
            return [candidates[0]] * len(folds)
        group = None if self.group is None else self.group[rows]
        choice, some = HeadChoice.of(lambda part: features.of_train(rows[part]), label, group, self._form, candidates)
        found = [choice.without(np.flatnonzero(~np.isin(rows[some], fold.train))) for fold in folds]
        for fold, one in zip(folds, found, strict=True):
            log.info(f"{self.member.name}/fold{fold.number}: {section.head} head, {one}")
        return found

    def _heads_with(
        self, settings: Hashable, features: BankMemberFeatures, rows: Rows, folds: Sequence[Fold]
    ) -> dict[int, _FoldHead]:
        """Fit all rows, and from that the head of each fold and its scores."""
        table = self.context.table
        label, readable = table.label[rows], np.flatnonzero(self.member.test.readable)
        fit = self._form.fit(lambda part: features.of_train(rows[part]), label, table.class_count, settings)
        if fit.note:
            log.info(f"{self.member.name}: {fit.note}")
        heads = [self._head(fit, rows, fold) for fold in folds]
        features_of_test = features.of_test(readable)
        tests = fit.scores_by([one.head for one in heads], [one.kept for one in heads], features_of_test)
        each = zip(folds, heads, tests, strict=True)
        return {fold.number: replace(head, test=test) for fold, head, test in each}

    def _head(self, fit: AllRows, rows: Rows, fold: Fold) -> _FoldHead:
        """Fit the head of a fold; its temperature has the least log-loss on training rows left out by group."""
        removed = np.setdiff1d(rows, fold.train)
        part = fit.fold(np.searchsorted(rows, removed))
        left_out, scores = part.left_out(None if self.group is None else self.group[rows])
        label = self.context.table.label[rows][left_out]
        right = 100 * float((scores.argmax(axis=1) == label).mean())
        kind = self.member.recipe.training.kernel.head
        log.info(
            f"{self.member.name}/fold{fold.number}: {kind} head on {counted(len(part.kept), 'image')}; "
            f"leaving out near-duplicates together, {right:.1f} % of {len(label):,} are right"
        )
        oof = part.held_out()[np.searchsorted(removed, fold.valid)]
        return _FoldHead(part.head, part.kept, fit_temperature(scores, label), oof, oof[:0])

    def _write_network(self, fold: Fold, network: Network) -> None:
        folder, recipe = self.context.run.fold(self.member.name, fold.number), fold_recipe(self.member, fold)
        write_history(folder / "history.csv", [])
        save_network(folder, network, recipe, self.context.row_ids[fold.train])

    def _write_probabilities(self, fold: Fold, head: _FoldHead) -> None:
        table, folder = self.context.table, self.context.run.network(self.member.name, fold.number)
        folder.write_probabilities("oof", fold.valid, probabilities(head.oof, head.temperature))
        readable = self.member.test.readable
        prior = class_prior(table.label[fold.train], table.class_count)
        full = with_prior(probabilities(head.test, head.temperature), readable, prior)
        folder.write_probabilities("test", np.arange(len(readable)), full)

    def _finish(self, fold: Fold, fingerprint: str, seconds: float) -> None:
        folder = self.context.run.network(self.member.name, fold.number)
        folder.finish(fingerprint, seconds, self.member.test.folder.name)
        log.info(f"{folder.name}: done in {duration(seconds)}")
        found = read_fold(folder)
        every = FoldCallback(self.callback, self.member.name, fold.number, 0)
        every.finished(fold_figures(found.oof, self.context.table.label[found.rows], seconds))
