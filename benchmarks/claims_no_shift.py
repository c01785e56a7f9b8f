"""How often does the alarm fire, and how accurate is the estimate without labels, where nothing has shifted?

    python -m benchmarks.claims_no_shift DATA --weights mobilenetv2_100.safetensors [--splits 200] [--size 128]

The labelled images of a data set are divided at random into training rows (70 %) and test rows, many times. Ridge heads
on frozen features of the backbone stand for the networks of five folds, so that a split takes less than a second. With
--group NAME, groups of rows stay together in the split and in the folds; NAME is as in `folds.group`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.decomposition import PCA

from sketchfit.bank.features import open_features
from sketchfit.bank.heads import Ridge
from sketchfit.bank.scale import scaled
from sketchfit.claims.alarm import alarm
from sketchfit.claims.label_free import LabelFreeModel
from sketchfit.claims.unit import Answers, FoldUnit
from sketchfit.config.load import load_recipe
from sketchfit.data.folds import stratified_folds
from sketchfit.data.store import open_store
from sketchfit.data.stores import cache_folder, store_settings
from sketchfit.inference.intervals import accuracy
from sketchfit.stages.relate import named_groups
from sketchfit.stages.tables import load_table
from sketchfit.tracking.console import Console
from sketchfit.training.engine import make_engine

Ints = NDArray[np.int64]
FOLDS = 5
TEST_SHARE = 0.3
SHARPNESS = 8.0
"""Scores of the heads, about -1 … 1, times this are logits; their temperature is fitted afterwards."""
COMPONENTS = 400
"""Principal components of the features that the heads use, so that many splits are quick."""


@dataclass(frozen=True)
class Labelled:
    """Components of frozen features of labelled rows, float32 [N, K], their classes, and their groups or None."""

    features: NDArray[np.float32]
    label: Ints
    group: Ints | None

    def of(self, rows: Ints) -> Ints | None:
        """Return the groups of these rows."""
        return None if self.group is None else self.group[rows]


@dataclass(frozen=True)
class Split:
    """What one split shows."""

    out_of_fold: float
    single: float
    estimate: float
    final: float
    final_estimate: float
    inside: bool
    z: float
    fires: bool


def measure(data: Labelled, seed: int) -> Split:
    """Split at random, fit the heads, and compare estimate, expectation and truth."""
    part = stratified_folds(data.label, [1 - TEST_SHARE, TEST_SHARE], seed, data.group)
    train, test = np.flatnonzero(part == 0), np.flatnonzero(part == 1)
    answers, group, truth = _answers(data, train, test, seed), data.of(train), data.label[test]
    found = LabelFreeModel.fit(answers, group).estimate(
        [unit.test for unit in answers.units], answers.final, data.of(test)
    )
    expected = accuracy(answers.right, None if group is None else group[answers.row])
    raised = alarm(found, expected.value, (expected.high - expected.low) / (2 * 1.96))
    final = float((answers.final.argmax(axis=1) == truth).mean())
    return Split(
        out_of_fold=expected.value,
        single=float(np.mean([(unit.test.argmax(axis=1) == truth).mean() for unit in answers.units])),
        estimate=found.single,
        final=final,
        final_estimate=found.final.value,
        inside=found.final.low <= final <= found.final.high,
        z=raised.z,
        fires=raised.fires,
    )


def _answers(data: Labelled, train: Ints, test: Ints, seed: int) -> Answers:
    """Return the probabilities of one head per fold."""
    features, others, label = data.features[train], data.features[test], data.label[train]
    fold = stratified_folds(label, [1 / FOLDS] * FOLDS, seed, data.of(train))
    ridge = Ridge.of(features, label, int(data.label.max()) + 1, 1.0)
    units = []
    for number in range(FOLDS):
        rows = np.flatnonzero(fold == number)
        head = ridge.without(rows)
        oof, on_test = (softmax(SHARPNESS * head.scores(part), axis=1) for part in (features[rows], others))
        units.append(FoldUnit(rows, label[rows], oof, on_test))
    return Answers(tuple(units), np.mean([unit.test for unit in units], axis=0))


def open_labelled(folder: Path, weights: Path, size: int, group: str) -> Labelled:
    """Compute the features of a data set's labelled images, or read them from the cache."""
    recipe = load_recipe("cpu", [f"model.weights={weights}", f"model.input_size={size}", f"folds.group={group}"])
    table, device = load_table(folder, recipe, with_folds=False), make_engine(recipe.compute).device
    stores = [
        open_store(table.root, paths, store_settings(recipe), cache_folder(recipe))
        for paths in (table.train.paths, table.test.paths)
    ]
    found = open_features(recipe, table, (stores[0], stores[1]), device, Console("none"))
    if found is None:
        raise SystemExit("the backbone has no features before its classifier")
    (features,) = scaled(found.train, widths=found.widths)
    count = min(COMPONENTS, *features.shape)
    components = PCA(count, svd_solver="randomized", random_state=0).fit_transform(features)
    return Labelled(components.astype(np.float32), table.label, named_groups(recipe.folds, table))


def print_summary(splits: Sequence[Split]) -> None:
    """Print one line of a Markdown table, with its header."""
    z = np.array([one.z for one in splits])
    points = [
        np.mean([one.out_of_fold for one in splits]),
        np.mean([abs(one.estimate - one.out_of_fold) for one in splits]),
        np.mean([abs(one.estimate - one.single) for one in splits]),
        np.mean([abs(one.final_estimate - one.final) for one in splits]),
    ]
    print(
        "| splits | out of fold | estimate − out of fold | estimate − truth | final answer | in interval | z | alarm |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    print(
        f"| {len(splits)} | {' | '.join(f'{100 * value:.1f}' for value in points)} "
        f"| {100 * np.mean([one.inside for one in splits]):.0f} % | {z.mean():+.2f} ± {z.std():.2f} "
        f"| {100 * np.mean([one.fires for one in splits]):.1f} % |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--size", type=int, default=128, help="side of the network's input in pixels")
    parser.add_argument("--group", default="none", help="what stays together, as in folds.group")
    args = parser.parse_args()
    data = open_labelled(args.data, args.weights, args.size, args.group)
    print_summary([measure(data, seed) for seed in range(args.splits)])


if __name__ == "__main__":
    main()
