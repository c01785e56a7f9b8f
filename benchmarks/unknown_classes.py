"""How many drawings of unknown and of known classes are rejected at 5 %, by several scores? Tables of docs/unknown.md.

    python -m benchmarks.unknown_classes DATA --weights FILE [--splits 20] [--folds 5] [--size 128] [--by EXPRESSION]

Each split leaves 10 % of the classes out of training: they are unknown. A quarter of the other drawings are held out
from everything, near-duplicates together: they show how many drawings of known classes are rejected. The rest is
trained on in folds. With --by, a regular expression in the image's path (for instance of the drawer), rows of one value
of its first group stay together in all of this, so that held-out drawings are of other drawers.

Ridge heads on frozen features of the backbone stand for the networks of the folds, so that a split takes seconds. Ways
that are compared, for each score:

- `folds`: each network with its own held-out rows, as sketchfit does (`inference.unknown`)
- `average`: the score of the average of the networks, among the scores of single networks out of fold
- `one`: the network of the first fold alone

`nearest` and `… + nearest` also use features: the cosine distance to the fifth nearest training row of the network, and
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
from sketchfit.audit import AuditSettings, run_audit
from sketchfit.bank.heads import Ridge
from sketchfit.config.audit import AuditSection
from sketchfit.config.load import load_recipe
from sketchfit.data.folds import stratified_folds
from sketchfit.data.readers import read_table
from sketchfit.data.stores import cache_folder
from sketchfit.inference.arrays import Floats
from sketchfit.inference.calibration import fit_temperature
from sketchfit.inference.unknown import SCORES, KnownScores, UnknownTest

Ints = NDArray[np.int64]
RATE, UNKNOWN_CLASSES, HELD_OUT, NEIGHBOURS = 0.05, 0.1, 0.25, 5


@dataclass(frozen=True)
class Parts:
    """Rows of one split: of unknown classes, of known classes held out, and of each fold of the training rows."""

    unknown: Ints
    known: Ints
    folds: tuple[Ints, ...]

    @property
    def new(self) -> Ints:
        """Rows that are questions: known ones first."""
        return np.concatenate([self.known, self.unknown])


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
    left_out = np.random.default_rng(seed).choice(classes, max(1, round(UNKNOWN_CLASSES * classes)), replace=False)
    is_unknown = np.isin(data.label, left_out)
    rows = np.flatnonzero(~is_unknown)
    part = stratified_folds(data.label[rows], [1 - HELD_OUT, HELD_OUT], seed, data.of(rows))
    train = rows[part == 0]
    fold = stratified_folds(data.label[train], [1 / folds] * folds, seed, data.of(train))
    return Parts(np.flatnonzero(is_unknown), rows[part == 1], tuple(train[fold == k] for k in range(folds)))


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
    """Return the distance to the training rows of each network."""
    unit = data.features / np.linalg.norm(data.features, axis=1, keepdims=True)
    held: list[Floats] = []
    new: list[Floats] = []
    for number, rows in enumerate(parts.folds):
        train = np.concatenate([other for place, other in enumerate(parts.folds) if place != number])
        for some, found in ((rows, held), (parts.new, new)):
            similarity = unit[some] @ unit[train].T
            found.append(-np.partition(similarity, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS].astype(np.float64))
    return Scored(tuple(held), tuple(new), np.mean(new, axis=0))


def added(first: Scored, second: Scored) -> Scored:
    """Return the sum of two scores, each divided by its standard deviation on held-out rows."""
    spread = [(a.std(), b.std()) for a, b in zip(first.held_out, second.held_out, strict=True)]

    def add(one: Sequence[Floats], other: Sequence[Floats]) -> tuple[Floats, ...]:
        return tuple(a / x + b / y for a, b, (x, y) in zip(one, other, spread, strict=True))

    new = add(first.new, second.new)
    return Scored(add(first.held_out, second.held_out), new, np.asarray(np.mean(new, axis=0)))


def scores(data: Labelled, parts: Parts) -> dict[str, Scored]:
    """Return all scores of a split."""
    held, new = probabilities(data, parts)
    average = np.mean(new, axis=0)
    found = {
        name: Scored(tuple(map(score, held)), tuple(map(score, new)), score(average)) for name, score in SCORES.items()
    }
    features = nearest(data, parts)
    sums = {f"{name} + nearest": added(one, features) for name, one in found.items()}
    return found | {"nearest": features} | sums


def ways(data: Labelled, parts: Parts, scored: Scored) -> Iterator[tuple[str, Floats]]:
    """Yield the p-values of the new rows by each way."""
    groups = [data.of(rows) for rows in parts.folds]
    known = tuple(KnownScores.of(score, group) for score, group in zip(scored.held_out, groups, strict=True))
    yield "folds", p_values(known, scored.new)
    group = None if data.group is None else data.group[np.concatenate(parts.folds)]
    yield "average", p_values((KnownScores.of(np.concatenate(scored.held_out), group),), (scored.average,))
    yield "one", p_values(known[:1], scored.new[:1])


def p_values(known: tuple[KnownScores, ...], new: Sequence[Floats]) -> Floats:
    """Return the p-values of scores."""
    return UnknownTest("", known).p_values_of(new)


def measure(data: Labelled, seed: int, folds: int) -> dict[tuple[str, str], Figures]:
    """Return the figures of one split by score and way."""
    parts = split(data, seed, folds)
    unknown = np.arange(len(parts.new)) >= len(parts.known)
    found = {}
    for name, scored in scores(data, parts).items():
        for way, p_value in ways(data, parts, scored):
            rejected = p_value <= RATE + 1e-9
            found[name, way] = Figures(
                float(roc_auc_score(unknown, -p_value)),
                float(rejected[~unknown].mean()),
                float(rejected[unknown].mean()),
            )
    return found


def table(results: Sequence[dict[tuple[str, str], Figures]]) -> list[str]:
    """Return a Markdown table: means over splits, and the smallest and largest share of rejected known drawings."""
    lines = [
        "| score | compared | known rejected | smallest–largest | standard error | unknown rejected | AUROC |",
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
