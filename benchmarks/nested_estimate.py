"""Is the nested estimate of an ensemble's accuracy centred on the truth, and by how much does the naive one flatter?

    python benchmarks/nested_estimate.py [--repetitions 60]

Each repetition draws 20 members of unequal skill on 400 labelled rows of 10 classes, lets every method fit its
ensemble, and compares its naive estimate (fitted and scored on the same rows) and its nested one (fitted on four folds,
scored on the fifth) with the ensemble's accuracy on 20,000 fresh rows. Printed: the mean error in percentage points
with its 95 % interval over repetitions. An estimate is honest if that interval holds 0.

How easy the 400 rows happen to be is the same luck for all methods. The plain mean fits nothing, so its error is that
luck alone, with expectation 0: it is taken off the others' errors (a control variate), and printed as it is.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.special import softmax
from scipy.stats import t

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference import metrics
from sketchfit.inference.ensembling.compare import methods_of
from sketchfit.inference.ensembling.nested import fit_choice, nested

MEMBERS, ROWS, FRESH, CLASSES, FOLDS = 20, 400, 20_000, 10, 5
ONE_BAG = EnsembleSection(greedy_rounds=15, greedy_bags=1, greedy_bag_share=1)
TEN_BAGS = EnsembleSection(greedy_rounds=15)
METHODS = {
    **methods_of(ONE_BAG, 0, ["best-member", "mean", "simplex", "greedy"]),
    "greedy, 10 bags": methods_of(TEN_BAGS, 0, ["greedy"])["greedy"],
    "greedy, log-loss": methods_of(ONE_BAG, 0, ["greedy-log-loss"])["greedy-log-loss"],
    "stacking": methods_of(ONE_BAG, 0, ["stacking"])["stacking"],
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
        honest = metrics.top_k_accuracy(nested(fit, members, label, fold), label)
        found[name] = 100 * (naive - true), 100 * (honest - true)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=60)
    repetitions = parser.parse_args().repetitions
    drawn = [errors(np.random.default_rng([7, k])) for k in range(repetitions)]
    luck = np.array([found["mean"][0] for found in drawn])
    print(f"{repetitions} repetitions; error of the estimate in points, mean and 95 % interval")
    print(f"the plain mean, fitting nothing: {interval(luck)}; taken off below")
    print(f"{'method':18} {'naive':>26} {'nested':>26}")
    for name in drawn[0]:
        if name != "mean":
            naive, honest = (np.array([found[name][part] for found in drawn]) - luck for part in (0, 1))
            print(f"{name:18} {interval(naive):>26} {interval(honest):>26}", flush=True)


def interval(values: np.ndarray) -> str:
    """Mean and 95 % interval by Student's t."""
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():+6.2f} ({values.mean() - half:+.2f} to {values.mean() + half:+.2f})"


if __name__ == "__main__":
    main()
