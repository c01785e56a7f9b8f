"""Is the nested estimate of an ensemble's accuracy centred on the truth, and by how much does the naive one flatter?

    python benchmarks/nested_estimate.py [--repetitions 60]

Each repetition draws 20 members of unequal skill on 400 labelled rows of 10 classes, lets every method fit its
ensemble, and compares its naive estimate (fitted and scored on the same rows) and its nested one (fitted on four
folds, scored on the fifth) with the ensemble's accuracy on 20,000 fresh rows. Printed: the mean error in percentage
points with its 95 % interval over repetitions. An estimate is honest if that interval holds 0.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.special import softmax
from scipy.stats import t

from sketchfit.inference import metrics
from sketchfit.inference.ensembling.greedy import fit_greedy
from sketchfit.inference.ensembling.mean import Fit, fit_best_member, fit_equal
from sketchfit.inference.ensembling.nested import fit_choice, nested
from sketchfit.inference.ensembling.simplex import fit_simplex
from sketchfit.inference.ensembling.stacking import fit_stacking

MEMBERS, ROWS, FRESH, CLASSES, FOLDS = 20, 400, 20_000, 10, 5
METHODS: dict[str, Fit] = {
    "best-member": fit_best_member,
    "mean": fit_equal("mean"),
    "simplex": fit_simplex,
    "greedy": fit_greedy("accuracy", rounds=15, bags=1, bag_share=1),
    "greedy, 10 bags": fit_greedy("accuracy", rounds=15),
    "greedy, log-loss": fit_greedy("log-loss", rounds=15, bags=1, bag_share=1),
    "stacking": fit_stacking(),
}


def draw(rng: np.random.Generator, rows: int, skills: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Members with noise of their own on top of what is hard for all."""
    label = rng.integers(0, CLASSES, rows)
    shared = rng.normal(size=(rows, CLASSES))
    members = []
    for skill in skills:
        z = 0.5 * shared + rng.normal(size=(rows, CLASSES))
        z[np.arange(rows), label] += skill
        members.append(softmax(z, axis=1).astype(np.float32))
    return members, label


def errors(rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """Naive and nested estimate minus the truth, in percentage points, of each method."""
    skills = rng.normal(1.0, 0.3, MEMBERS)
    members, label = draw(rng, ROWS, skills)
    fresh, truth = draw(rng, FRESH, skills)
    fold = rng.permutation(ROWS) % FOLDS
    found = {}
    for name, fit in (METHODS | {"choice of these": fit_choice(METHODS, fold)}).items():
        rule = fit(members, label, np.arange(ROWS))
        true = metrics.top_k_accuracy(rule.combine(fresh), truth)
        naive = metrics.top_k_accuracy(rule.combine(members), label)
        honest = metrics.top_k_accuracy(nested(fit, members, label, fold).prob, label)
        found[name] = 100 * (naive - true), 100 * (honest - true)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=60)
    repetitions = parser.parse_args().repetitions
    drawn = [errors(np.random.default_rng([7, k])) for k in range(repetitions)]
    half = t.ppf(0.975, repetitions - 1) / np.sqrt(repetitions)
    print(f"{repetitions} repetitions; error of the estimate in points, mean and 95 % interval")
    print(f"{'method':18} {'naive':>26} {'nested':>26}")
    for name in drawn[0]:
        values = np.array([found[name] for found in drawn])
        middle, spread = values.mean(axis=0), half * values.std(axis=0, ddof=1)
        cells = [f"{m:+6.2f} ({m - s:+.2f} to {m + s:+.2f})" for m, s in zip(middle, spread, strict=True)]
        print(f"{name:18} {cells[0]:>26} {cells[1]:>26}")


if __name__ == "__main__":
    main()
