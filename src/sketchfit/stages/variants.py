"""Training of variants of a recipe on the same folds, from near-duplicates and related rows that are found once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.auditing.callback import AuditCallback
from sketchfit.config.parse import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import training_settings
from sketchfit.data.folds import Fold
from sketchfit.data.store import Store
from sketchfit.data.store_settings import StoreSettings
from sketchfit.data.stores import load_store, store_settings
from sketchfit.data.table import fingerprint
from sketchfit.errors import RunError
from sketchfit.runs.artefacts import VariantsBase
from sketchfit.runs.fingerprint import digest
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.audit import find_groups
from sketchfit.stages.bank import bank
from sketchfit.stages.context import Member, RunContext, RunState
from sketchfit.stages.decode import open_members
from sketchfit.stages.directions import with_directions
from sketchfit.stages.relate import relate
from sketchfit.stages.split import make_folds, trained_folds
from sketchfit.stages.start_weights import check_start_weights
from sketchfit.training.bank_member import is_bank_member, member_units, train_members
from sketchfit.training.context import OneByOne, TrainingUnit
from sketchfit.training.fold import mean_oof
from sketchfit.training.fold_result import FoldResult

ELSEWHERE = "Choose another folder with --out."


class VariantTrainer:
    """Trains variants of a recipe of one member; test rows are not predicted.

    Args:
        context: of the recipe that is changed.

    Attributes:
        context: the same.
        folds: on which each variant is trained.
        group: int64 [N], near-duplicates and other related rows; None: each row is a group.
    """

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self._stores: dict[StoreSettings, Store] = {}
        table, base = context.table, context.recipe
        state = self._related(context)
        (member,) = state.members.values()
        self._stores[store_settings(base)] = member.train
        self.group, self._relation = state.group, state.relation
        made, _ = make_folds(table, member.train.readable, state.group, base)
        self.folds = trained_folds(made, base)

    @staticmethod
    def _related(context: RunContext) -> RunState:
        """Return the images of the base, and the groups that its folds keep together, as a run finds them."""
        callback = AuditCallback(context.table, context.recipe)
        with context.engine.main_first():
            members = open_members(context, member_recipes(context.recipe), callback)
            callback.finish(context.console)
            stores = [store.folder.name for one in members.values() for store in (one.train, one.test)]
            state = RunState(members=members, group=find_groups(context, stores))
        if context.recipe.claim.enabled:
            state = bank(context, state)
        return relate(context, state)

    @property
    def one_by_one(self) -> bool:
        """Whether networks are trained one after the other."""
        return isinstance(self.context.executor, OneByOne)

    def group_of(self, folds: Sequence[Fold]) -> NDArray[np.int64] | None:
        """Return the groups of the rows that these folds validate, ascending; None where none are known."""
        rows = np.unique(np.concatenate([fold.valid for fold in folds]))
        return None if self.group is None else self.group[rows]

    def train(self, run: RunFolder, recipe: Recipe, folds: Sequence[Fold] | None = None) -> list[FoldResult]:
        """Train the networks of a variant on some folds, all by default, unless that is done."""
        context, member = self._opened(run, recipe)
        return list(train_members(context, [member], self.folds if folds is None else folds, self.group)[0])

    def train_ahead(self, variants: Sequence[tuple[RunFolder, Recipe]], folds: Sequence[Fold] | None = None) -> None:
        """Train networks of several variants at the same time; those with heads in closed form are left out."""
        units: list[TrainingUnit] = []
        for run, recipe in variants:
            context, member = self._opened(run, recipe)
            if not is_bank_member(member.recipe):
                units += member_units(context, member, self.folds if folds is None else folds)
        self.context.executor.train(units)

    def _opened(self, run: RunFolder, recipe: Recipe) -> tuple[RunContext, Member]:
        """Return the context of a variant, and its member."""
        context = replace(self.context, run=run, recipe=recipe)
        context.engine.on_main(lambda: run.write_recipe(recipe))
        ((name, own),) = member_recipes(recipe).items()
        member = self._member(name, own)
        (member,) = with_directions(context, {name: member}, self.group).values()
        check_start_weights(context, {name: own}, self.folds, self.group, self._relation)
        return context, member

    def _store(self, recipe: Recipe) -> Store:
        key = store_settings(recipe)
        if key not in self._stores:
            table, console = self.context.table, self.context.console
            self._stores[key] = load_store(table, table.train, "training", recipe, console)
        return self._stores[key]

    def _member(self, name: str, recipe: Recipe) -> Member:
        """Return the member without test rows: no variant needs their probabilities."""
        train = self._store(recipe)
        return Member(name, recipe, train, replace(train, images=train.images[:0], paper=train.paper[:0], errors=()))


def check_base(context: RunContext, kind: str, values: Sequence[str] = ()) -> VariantsBase:
    """Return what the variants begin with, to be written into the folder, unless that holds something else.

    Args:
        context: of the recipe that is changed.
        kind: `ablation` or `search`.
        values: of a search, which it may not change when it continues.

    Raises:
        RunError: the folder holds a run, or variants of another recipe, other data or other values.
    """
    out, settings = context.run.path, context.recipe.model_dump(mode="json")
    parts = training_settings(settings), settings["folds"], fingerprint(context.table), [*values]
    own, known = VariantsBase(fingerprint=digest(*parts)), VariantsBase.find(out)
    if context.run.state.is_file():
        raise RunError(f"{out} holds a run, and no {kind}", ELSEWHERE)
    if known is not None and known != own:
        others = "another recipe, other data or other values of --over" if values else "another recipe or other data"
        raise RunError(f"{out} holds variants of {others}", ELSEWHERE)
    return own


def right_rows(results: Sequence[FoldResult], label: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether each row that these networks validate is right, bool [n], rows ascending; repeats are averaged.

    Args:
        results: of one variant.
        label: int64 [N], of the training table.
    """
    rows = np.unique(np.concatenate([result.rows for result in results]))
    right: NDArray[np.bool_] = mean_oof(results).argmax(axis=1) == label[rows]
    return right
