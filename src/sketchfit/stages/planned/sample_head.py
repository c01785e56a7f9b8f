"""A sample of the drawings: how fast they are decoded, and how good a head on their frozen features is."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.extractor import Extractor
from sketchfit.bank.kernel import KernelRidge
from sketchfit.bank.scale import FeatureScale
from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import folds_of, stratified_folds
from sketchfit.data.store import Store
from sketchfit.data.stores import load_store, store_settings
from sketchfit.data.table import Split, Table
from sketchfit.inference.intervals import accuracy
from sketchfit.models.pooling import NoFeaturesError
from sketchfit.planning.costs import BANK_PASS, HEAD_ROWS, HEAD_SECONDS, Counts, Rates
from sketchfit.planning.ladder import Rung
from sketchfit.planning.learning_curve import HeadAccuracy, with_more_rows
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.context import RunContext
from sketchfit.stages.planned.start import member_of
from sketchfit.stages.scout.rows import ScoutRows, scout_rows
from sketchfit.stages.scout.sample import rows_that_fit
from sketchfit.training.kernel_head import first_settings
from sketchfit.training.kernel_views import head_pictures

MOST = 2000
"""Drawings of the sample."""

FEW = 128
"""Drawings by which the speed of decoding is measured."""

SECONDS = 60.0
"""Longest time of decoding the sample and fitting heads on it."""

LEAST_PER_CLASS = 3
"""With fewer drawings per class, a head on a sample shows nothing of one on all drawings."""

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Sampler:
    """Measures samples of a run's drawings; what it decodes is in a separate cache.

    Attributes:
        context: of the run.
        rung: member of the first answer.
        cache: folder that may be deleted afterwards.
    """

    context: RunContext
    rung: Rung
    cache: Path

    @property
    def size(self) -> int:
        """Bytes of the images that it decodes, at least: of grey ones."""
        rows = len(self.context.table.train)
        return (min(FEW, rows) + min(MOST, rows)) * store_settings(self._recipe).size ** 2

    def decoding_rate(self) -> float:
        """Return the images that are decoded per second."""
        all_rows = np.random.default_rng(self.context.recipe.seed).permutation(len(self.context.table.train))
        table = with_rows(self.context.table, np.sort(all_rows[:FEW]))
        began = time.monotonic()
        self._store(table)
        return len(table.train) / (time.monotonic() - began)

    def head_accuracy(self, rates: Rates, counts: Counts) -> HeadAccuracy | None:
        """Return the accuracy out of fold of a head on the frozen features of all drawings, from that on a sample.

        Args:
            rates: of the member's backbone.
            counts: of the run.

        Returns:
            None where measuring it takes too long, or where there are too many classes.
        """
        here, rows = rates.at(self.rung.size), counts.train + counts.valid

        def seconds(count: int) -> float:
            image = self.rung.passes * BANK_PASS * here.prediction + here.decoding
            return count * image + 2 * HEAD_SECONDS * float((count / HEAD_ROWS) ** 2.3)

        count = rows_that_fit(rows, MOST, seconds, SECONDS)
        if seconds(count) > SECONDS or count < LEAST_PER_CLASS * self.context.table.class_count:
            return None
        table = with_rows(self.context.table, some_rows(self.context.table.label, count, self.context.recipe.seed))
        context = replace(self.context, table=table, run=RunFolder(self.cache / "sample"))
        try:
            return self._measured(context, self._store(table), counts)
        except NoFeaturesError:
            return None

    def _measured(self, context: RunContext, store: Store, counts: Counts) -> HeadAccuracy:
        """Measure heads on the folds of the recipe and on halves of the sample."""
        extractor = Extractor.of(self._recipe, context.engine.device)
        rows, label = scout_rows(context, store), context.table.label
        pictures = head_pictures(self.rung.passes > 1)
        parts = [extractor.of_rows(store, rows.sample, picture.make) for picture in pictures]
        features = FeatureScale.of(parts[0], extractor.pooling.widths).mean_of(parts)
        settings = first_settings(self._recipe.training.kernel)
        ridge = KernelRidge.of(features, label[rows.sample], context.table.class_count, settings)
        few, many = (_out_of_fold(ridge, one) for one in (_halves(label, rows, context.recipe.seed), rows))
        used = many[0]
        top1 = accuracy(many[1], rows.group_of(rows.sample[used]))
        trained = (_trained(rows, 0.5), float(np.mean([len(fold.train) for fold in rows.folds])), float(counts.train))
        return with_more_rows(float(few[1].mean()), top1, trained)

    @property
    def _recipe(self) -> Recipe:
        recipe = member_of(self.context.recipe, self.rung.settings, self.rung.name)
        return recipe.model_copy(update={"data": recipe.data.model_copy(update={"cache": str(self.cache)})})

    def _store(self, table: Table) -> Store:
        return load_store(table, table.train, "sampled", self._recipe, self.context.console)


def some_rows(label: Rows, count: int, seed: int) -> Rows:
    """Return about `count` rows, int64 and ascending, each class in proportion; all where there are no more.

    >>> label = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> label[some_rows(label, 4, seed=0)].tolist()
    [0, 0, 1, 1]
    """
    if len(label) <= count:
        return np.arange(len(label))
    share = count / len(label)
    return np.flatnonzero(stratified_folds(label, [share, 1 - share], seed) == 0)


def with_rows(table: Table, rows: Rows) -> Table:
    """Return a table with these of the training rows, and without test rows."""
    paths, names = ([texts[row] for row in rows] for texts in (table.train.paths, table.train.names))
    return replace(
        table,
        train=Split(tuple(paths), tuple(names)),
        test=Split((), ()),
        label=table.label[rows],
        submission=None,
        columns={name: values[rows] for name, values in table.columns.items()},
        test_columns={},
    )


def _halves(label: Rows, rows: ScoutRows, seed: int) -> ScoutRows:
    """Return the rows with two folds."""
    assignment = np.full((1, len(label)), -1, dtype=np.int64)
    group = rows.group_of(rows.sample)
    assignment[0, rows.sample] = stratified_folds(label[rows.sample], [0.5, 0.5], seed, group)
    return replace(rows, folds=tuple(folds_of(assignment, rows.sample)))


def _trained(rows: ScoutRows, share: float) -> float:
    return share * len(rows.sample)


def _out_of_fold(ridge: KernelRidge, rows: ScoutRows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which of the sampled rows are validated, bool [n], and whether these are right."""
    validated, right = (np.zeros(len(rows.sample), dtype=np.bool_) for _ in range(2))
    for fold in rows.folds:
        places = np.flatnonzero(np.isin(rows.sample, fold.valid))
        if 0 < len(places) < len(rows.sample):
            right[places] = ridge.held_out(places).argmax(axis=1) == ridge.label[places]
            validated[places] = True
    return validated, right[validated]
