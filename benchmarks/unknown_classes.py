"""How many drawings of unknown and of known classes are rejected at 5 %, by several scores? Tables of docs/unknown.md.

    python -m benchmarks.unknown_classes DATA --weights FILE [--splits 20] [--folds 5] [--size 128] [--by EXPRESSION]

Each split leaves 10 % of the classes out of training: they are unknown. 40 % of the other drawings are held out from
everything, near-duplicates together: half of them are test rows, the other half are the questions that show how many
drawings of known classes are rejected. The rest is trained on in folds. With --by, a regular expression in the image's
path (for instance of the drawer), rows of one value of its first group stay together in all of this.

Ridge heads on frozen features of the backbone stand for the networks of the folds, so that a split takes seconds. What
questions are compared with:

- `test rows`: the average of the networks, among its scores of the test rows (what sketchfit does)
- `a fold`: the network of the first fold, among its scores of the rows that it holds out (without test rows)
- `mixed test rows`: as `test rows`, where 20 % of the test rows are of unknown classes
- `average, out of fold`: the average, among the scores of single networks out of fold (breaks the promise)
- `mean over folds`: each network among its own held-out rows, the shares averaged (finds little)

`nearest` and `entropy + nearest` also use features: the cosine distance to the nearest training row of the network, and
the sum of both scores, each divided by its standard deviation.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from benchmarks.claims_no_shift import SHARPNESS, Labelled, open_labelled
from sketchfit.auditing import AuditSettings, run_audit
from sketchfit.bank.heads import Ridge
from sketchfit.config.audit import AuditSection
from sketchfit.config.load import load_recipe
from sketchfit.data.folds import stratified_folds
from sketchfit.data.readers import read_table
from sketchfit.data.stores import cache_folder
from sketchfit.inference.arrays import Floats
from sketchfit.inference.calibration import fit_temperature
from sketchfit.inference.unknown import SCORES, Rejection, UnknownTest

Ints = NDArray[np.int64]
RATE, UNKNOWN_CLASSES, HELD_OUT, MIXED = 0.05, 0.1, 0.4, 0.2


@dataclass(frozen=True)
class Parts:
    """Rows of one split: of unknown classes, of known classes (questions and test rows), and of each fold."""

    unknown: Ints
    known: Ints
    test: Ints
    folds: tuple[Ints, ...]

    @property
    def new(self) -> Ints:
        """All rows that no network has learnt: questions of known classes, test rows, unknown ones."""
        return np.concatenate([self.known, self.test, self.unknown])


@dataclass(frozen=True)
class Scored:
    """One score: of the rows that each network holds out, of the new rows by each network, and by their average."""

    held_out: tuple[Floats, ...]
    new: tuple[Floats, ...]
    average: Floats


@dataclass(frozen=True)
class Figures:
    """What one way shows in one split, 0 … 1."""

    auroc: float
    known: float
    unknown: float


def split(data: Labelled, seed: int, folds: int) -> Parts:
    """Choose unknown classes, held-out rows and folds."""
    classes = int(data.label.max()) + 1
    left_out = np.random.default_rng(seed).choice(classes, int(np.ceil(UNKNOWN_CLASSES * classes)), replace=False)
    is_unknown = np.isin(data.label, left_out)
    rows = np.flatnonzero(~is_unknown)
    shares = [1 - HELD_OUT, HELD_OUT / 2, HELD_OUT / 2]
    part = stratified_folds(data.label[rows], shares, seed, data.of(rows))
    train = rows[part == 0]
    fold = stratified_folds(data.label[train], [1 / folds] * folds, seed, data.of(train))
    by_fold = tuple(train[fold == k] for k in range(folds))
    return Parts(np.flatnonzero(is_unknown), rows[part == 1], rows[part == 2], by_fold)


def probabilities(data: Labelled, parts: Parts) -> tuple[list[Floats], list[Floats]]:
    """Return each network's probabilities of its held-out rows and of the new rows, with one temperature."""
    train = np.concatenate(parts.folds)
    _, label = np.unique(data.label[train], return_inverse=True)
    ridge = Ridge.of(data.features[train], label, int(label.max()) + 1, 1.0)
    ends = np.cumsum([len(rows) for rows in parts.folds])
    held, new = [], []
    for rows, end in zip(parts.folds, ends, strict=True):
        head = ridge.without(np.arange(end - len(rows), end))
        held.append(SHARPNESS * head.scores(data.features[rows]))
        new.append(SHARPNESS * head.scores(data.features[parts.new]))
    temperature = fit_temperature(softmax(np.concatenate(held), axis=1), label).value
    return [softmax(one / temperature, axis=1) for one in held], [softmax(one / temperature, axis=1) for one in new]


def nearest(data: Labelled, parts: Parts) -> Scored:
    """Return the distance to the nearest training row of each network."""
    unit = data.features / np.linalg.norm(data.features, axis=1, keepdims=True)
    held: list[Floats] = []
    new: list[Floats] = []
    for number, rows in enumerate(parts.folds):
        train = np.concatenate([other for place, other in enumerate(parts.folds) if place != number])
        held.append(-(unit[rows] @ unit[train].T).max(axis=1))
        new.append(-(unit[parts.new] @ unit[train].T).max(axis=1))
    return Scored(tuple(held), tuple(new), np.asarray(np.mean(new, axis=0)))


def added(first: Scored, second: Scored) -> Scored:
    """Return the sum of two scores, each divided by its standard deviation on held-out rows."""
    spread = [(a.std(), b.std()) for a, b in zip(first.held_out, second.held_out, strict=True)]

    def add(one: Sequence[Floats], other: Sequence[Floats]) -> tuple[Floats, ...]:
        return tuple(np.asarray(a / x + b / y) for a, b, (x, y) in zip(one, other, spread, strict=True))

    average = first.average / np.mean([x for x, _ in spread]) + second.average / np.mean([y for _, y in spread])
    return Scored(add(first.held_out, second.held_out), add(first.new, second.new), np.asarray(average))


def scores(data: Labelled, parts: Parts) -> dict[str, Scored]:
    """Return all scores of a split."""
    held, new = probabilities(data, parts)
    average = np.asarray(np.mean(new, axis=0))
    found = {
        name: Scored(tuple(map(score, held)), tuple(map(score, new)), score(average)) for name, score in SCORES.items()
    }
    features = nearest(data, parts)
    return found | {"nearest": features, "entropy + nearest": added(found["entropy"], features)}


def ways(data: Labelled, parts: Parts, scored: Scored, seed: int) -> Iterator[tuple[str, Floats]]:
    """Yield the p-values of the new rows by each way."""
    test = np.arange(len(parts.known), len(parts.known) + len(parts.test))
    unknown = np.random.default_rng([seed, 1]).permutation(np.arange(test[-1] + 1, len(parts.new)))
    mixed = np.concatenate([test, unknown[: round(MIXED / (1 - MIXED) * len(test))]])
    for name, rows in (("test rows", test), ("mixed test rows", mixed)):
        group = data.of(parts.new[rows])
        yield name, UnknownTest.of_scores(scored.average[rows], group).p_values_of(scored.average)
    groups = [data.of(rows) for rows in parts.folds]
    by_fold = [UnknownTest.of_scores(one, group) for one, group in zip(scored.held_out, groups, strict=True)]
    each = [one.p_values_of(new) for one, new in zip(by_fold, scored.new, strict=True)]
    yield "a fold", each[0]
    out_of_fold = UnknownTest.of_scores(np.concatenate(scored.held_out), data.of(np.concatenate(parts.folds)))
    yield "average, out of fold", out_of_fold.p_values_of(scored.average)
    yield "mean over folds", np.asarray(np.mean(each, axis=0))


def measure(data: Labelled, seed: int, folds: int) -> dict[tuple[str, str], Figures]:
    """Return the figures of one split by score and way; test rows are no questions."""
    parts = split(data, seed, folds)
    known = np.arange(len(parts.new)) < len(parts.known)
    unknown = np.arange(len(parts.new)) >= len(parts.known) + len(parts.test)
    questions, found = known | unknown, {}
    for name, scored in scores(data, parts).items():
        for way, p_value in ways(data, parts, scored, seed):
            rejected = Rejection.at(p_value, RATE).rejected
            area = float(roc_auc_score(unknown[questions], -p_value[questions]))
            found[name, way] = Figures(area, float(rejected[known].mean()), float(rejected[unknown].mean()))
    return found


def table(results: Sequence[dict[tuple[str, str], Figures]]) -> list[str]:
    """Return a Markdown table: means over splits, and the smallest and largest share of rejected known drawings."""
    lines = [
        "| score | compared with | known rejected | smallest–largest | standard error | unknown rejected | AUROC |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, way in results[0]:
        figures = [one[name, way] for one in results]
        known = 100 * np.array([one.known for one in figures])
        error = known.std(ddof=1) / np.sqrt(len(known)) if len(known) > 1 else np.nan
        unknown, area = (100 * np.mean([getattr(one, what) for one in figures]) for what in ("unknown", "auroc"))
        lines.append(
            f"| {name} | {way} | {known.mean():.1f} % | {known.min():.1f}–{known.max():.1f} | {error:.2f} "
            f"| {unknown:.1f} % | {area:.1f} |"
        )
    return lines


def open_rows(data: Path, weights: Path, size: int, by: str | None) -> Labelled:
    """Open features, with near-duplicates as groups, or the values of an expression."""
    found, paths = open_labelled(data, weights, size, "none"), read_table(data).train.paths
    if by is not None:
        values = [re.search(by, path)[1] for path in paths]  # type: ignore[index]
        return replace(found, group=np.unique(values, return_inverse=True)[1].astype(np.int64))
    settings = AuditSettings(AuditSection(detail="copies"))
    group = run_audit(read_table(data), settings, cache_folder(load_recipe("cpu"))).group
    return replace(found, group=group)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--size", type=int, default=128, help="side of the network's input in pixels")
    parser.add_argument("--by", help="expression whose first group is the value that stays together")
    given = parser.parse_args()
    data = open_rows(given.data, given.weights.resolve(), given.size, given.by)
    families = len(data.label) if data.group is None else len(np.unique(data.group))
    print(f"{len(data.label)} rows, {int(data.label.max()) + 1} classes, {families} families, {given.splits} splits\n")
    print("\n".join(table([measure(data, seed, given.folds) for seed in range(given.splits)])))


if __name__ == "__main__":
    main()
