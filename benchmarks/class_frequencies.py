"""How exact are class frequencies that are estimated without labels, and does a correction for them help?

    python benchmarks/class_frequencies.py quickdraw345 MobileNetV2.safetensors [--seeds 20] [--merge 10]

Features of all labelled drawings come from the frozen network. Each seed takes 40 % of the drawings as a test set,
whose labels only the evaluation uses, and fits ridge heads on five folds of the others, copies in one fold. The heads'
probabilities are overconfident before calibration, as a network's are. Then test rows are selected so that the class
frequencies are those of training, or others (`injected_drift`). `--merge` merges classes into so many groups, with many
rows each.

Compared are the estimate of the product, expectation maximisation (Saerens et al. 2002), and black-box shift estimation
by plain least squares (1802.03916). Printed: total variation distance (0 … 1) from the test rows' own frequencies; how
often the frequencies differ significantly and are corrected; the gain in points of every correction and of those that
`inference.prior: auto` makes; the share of classes whose interval holds the test rows' own frequency.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.injected_drift import STRENGTHS, geometric_frequencies, thinned
from sketchfit.bank.extractor import Extractor
from sketchfit.bank.heads import Ridge
from sketchfit.bank.reduce import reduced
from sketchfit.bank.scale import scaled
from sketchfit.bank.temperature import fit_temperature, probabilities
from sketchfit.config.load import load_recipe
from sketchfit.data.folds import stratified_folds
from sketchfit.data.images import decode
from sketchfit.data.readers import read_table
from sketchfit.data.resize import to_square
from sketchfit.duplicates import find
from sketchfit.inference.calibration import Temperature
from sketchfit.inference.class_frequencies import ALPHA, Reference, estimate_frequencies, frequencies_p_value
from sketchfit.inference.prior_correction import resampled_gain, reweighted, tempered

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS, STRENGTH, BATCH, SHARE, SHARPNESS = 5, 0.05, 64, 0.4, 0.6
"""SHARPNESS: temperature of the probabilities over the calibrated one: below 1 they are overconfident."""


@dataclass(frozen=True)
class Drawings:
    """All labelled drawings: features float32 [N, K], labels int64 [N], groups of near-duplicates int64 [N]."""

    values: Floats
    label: Ints
    group: Ints


@dataclass(frozen=True)
class Simulated:
    """Out-of-fold rows, and test rows with their labels."""

    reference: Reference
    test: Floats
    truth: Ints

    def part(self, rows: Ints) -> Simulated:
        """Select test rows."""
        return Simulated(self.reference, self.test[rows], self.truth[rows])

    @property
    def calibrated(self) -> Floats:
        """Test probabilities after calibration."""
        return Temperature(1 / SHARPNESS).apply(self.test)


@dataclass(frozen=True)
class Outcome:
    """Distances of estimates, decisions, and gains in accuracy (0 … 1) of one selection of test rows."""

    rows: int
    training: float
    product: float
    em: float
    least_squares: float
    differs: bool
    corrected: bool
    gain: float
    covered: float


def load(data: Path, weights: Path) -> Drawings:
    """Read and describe all labelled drawings; features are scaled principal components."""
    table = read_table(data)
    recipe = load_recipe("cpu", {"model": {"weights": str(weights)}})
    extractor = Extractor.of(recipe, torch.device("cpu"))
    found = []
    for start in range(0, len(table.train), BATCH):
        pages = [
            to_square(np.atleast_3d(decode(table.root / path)), extractor.size, "pad")[0]
            for path in table.train.paths[start : start + BATCH]
        ]
        found.append(extractor.of_pictures(np.stack([np.broadcast_to(page, (*page.shape[:2], 3)) for page in pages])))
    (values,) = reduced(*scaled(np.concatenate(found)))
    group = np.arange(len(table.train))
    for rows in find(lambda row: decode(table.root / table.train.paths[row]), len(group), workers=1).groups:
        group[list(rows)] = rows[0]
    return Drawings(values, table.label.astype(np.int64), group)


def simulate(drawings: Drawings, seed: int, merge: int | None, stratified: bool = True) -> Simulated:
    """Fit heads on 60 % of the rows, and predict the others by the mean of all folds' heads."""
    values, label, group = drawings.values, drawings.label, drawings.group
    rng = np.random.Generator(np.random.Philox(key=[5, seed]))
    side = stratified_folds(label, [1 - SHARE, SHARE], seed) if stratified else rng.random(len(label)) < SHARE
    train, test = np.flatnonzero(side == 0), np.flatnonzero(side == 1)
    classes = int(label.max()) + 1
    fold = stratified_folds(label[train], [1 / FOLDS] * FOLDS, seed, group[train])
    scores, tests = np.zeros((len(train), classes), np.float32), []
    for number in range(FOLDS):
        rest = fold != number
        head = Ridge.of(values[train[rest]], label[train[rest]], classes, STRENGTH).head
        scores[~rest] = head.scores(values[train[~rest]])
        tests.append(head.scores(values[test]))
    calibrated = fit_temperature(scores, label[train])
    prob = probabilities(scores, calibrated * SHARPNESS)
    mean = np.mean([probabilities(one, calibrated * SHARPNESS) for one in tests], axis=0).astype(np.float32)
    oof = Temperature(1 / SHARPNESS).apply(prob)
    if merge is None:
        return Simulated(Reference(prob, oof, label[train], group[train]), mean, label[test])
    of = np.arange(classes) * merge // classes
    groups = np.eye(merge, dtype=np.float32)[of]
    reference = Reference(prob @ groups, oof @ groups, of[label[train]], group[train])
    return Simulated(reference, mean @ groups, of[label[test]])


def expectation_maximisation(test: Floats, training: Doubles, steps: int = 300) -> Doubles:
    """Class frequencies of greatest likelihood, of calibrated probabilities [M, C]."""
    ratio, found = test / np.maximum(training, 1e-9), training.copy()
    for _ in range(steps):
        found = found * (ratio.T @ (1 / (ratio @ found))) / len(test)
    return np.asarray(found / found.sum(), np.float64)


def least_squares(reference: Reference, test: Floats) -> Doubles:
    """Class frequencies by black-box shift estimation with soft predictions, without regularisation."""
    classes = reference.prob.shape[1]
    mixing = reference.prob.T @ np.eye(classes)[reference.label] / len(reference.label)
    weight = np.linalg.lstsq(mixing, test.mean(axis=0).astype(np.float64), rcond=None)[0]
    found = np.maximum(weight, 0) * reference.frequencies
    return np.asarray(found / found.sum(), np.float64)


def examine(case: Simulated, seed: int) -> Outcome:
    reference, calibrated = case.reference, case.calibrated
    training = reference.frequencies
    own = np.bincount(case.truth, minlength=len(training)) / len(case.truth)
    found = estimate_frequencies(reference, case.test)
    differs = frequencies_p_value(reference, case.test, seed) < ALPHA
    evidence = resampled_gain(reference, found.test, len(case.test), seed) if differs else None
    after = reweighted(calibrated, tempered(found.weight, reference, calibrated))
    right = [float((one.argmax(axis=1) == case.truth).mean()) for one in (calibrated, after)]

    def distance(estimate: Doubles) -> float:
        return 0.5 * float(np.abs(estimate - own).sum())

    return Outcome(
        len(case.truth),
        distance(training),
        distance(found.test),
        distance(expectation_maximisation(calibrated, training)),
        distance(least_squares(reference, case.test)),
        differs,
        evidence is not None and evidence.helps,
        right[1] - right[0],
        float(((found.low - 1e-9 <= own) & (own <= found.high + 1e-9)).mean()),
    )


def summary(name: str, found: list[Outcome]) -> str:
    """A line of the table."""

    def mean(values: Iterable[float]) -> float:
        return float(np.mean(list(values)))

    made = [one.gain for one in found if one.corrected]
    distances = [mean(getattr(one, key) for one in found) for key in ("training", "product", "em", "least_squares")]
    return " | ".join(
        (
            f"| {name}",
            f"{mean(one.rows for one in found):.0f}",
            *(f"{value:.3f}" for value in distances),
            f"{100 * mean(one.covered for one in found):.0f} %",
            f"{sum(one.differs for one in found)} of {len(found)}",
            f"{100 * mean(one.gain for one in found):+.1f}",
            f"{len(made)}" + (f", {100 * mean(made):+.1f} (worst {100 * min(made):+.1f}) |" if made else " |"),
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--merge", type=int)
    args = parser.parse_args()
    drawings = load(args.data, args.weights)
    columns = ("frequencies", "rows", "TV, training", "TV, product", "TV, EM", "TV, least squares", "covered", "differ")
    print("|", " | ".join((*columns, "gain of all, points", "corrected by auto, their gain")), "|")
    print("|", " | ".join(["---"] * (len(columns) + 2)), "|")
    outcomes: dict[str, list[Outcome]] = {}
    for seed in range(args.seeds):
        for stratified in (True, False):
            case = simulate(drawings, seed, args.merge, stratified)
            name = f"{'equal' if stratified else 'random'} split"
            outcomes.setdefault(name, []).append(examine(case, seed))
            for strength in STRENGTHS if stratified else ():
                rng = np.random.Generator(np.random.Philox(key=[6, seed]))
                wanted = geometric_frequencies(len(case.reference.frequencies), strength, rng)
                part = case.part(thinned(case.truth, wanted, rng))
                outcomes.setdefault(f"geometric, strength {strength}", []).append(examine(part, seed))
    for name, found in outcomes.items():
        print(summary(name, found), flush=True)


if __name__ == "__main__":
    main()
