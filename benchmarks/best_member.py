"""What is gained by submitting the best member where the ensemble's nested accuracy is below it?

    python benchmarks/best_member.py [--repetitions 100]

Each repetition draws members of 10 classes on labelled rows and on 10,000 fresh rows, combines them by their mean, and
applies the rule of a run: the best member is used instead where the nested accuracy of the mean is below its accuracy.
Printed: the accuracy on the fresh rows of the mean, of the best member, and of what the rule uses, in percent; the gain
of the rule over always using the mean in points with its 95 % interval over repetitions; and in how many repetitions
the rule uses the best member.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.stats import t

from benchmarks.nested_estimate import draw
from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference import metrics
from sketchfit.inference.oof import Predictions, Rows
from sketchfit.stages.combine import combine_members

MEMBERS, FRESH, FOLDS = 3, 10_000, 5
SETTINGS = [(rows, spread) for spread in (0.0, 0.5, 1.0) for rows in (120, 724)]
"""Labelled rows, and standard deviation of the members' skills."""


def once(rng: np.random.Generator, rows: int, spread: float) -> tuple[float, float, float, bool]:
    """Return the accuracy of the mean, of the best member and of what is used, and whether that is the best member."""
    skills = rng.normal(1.0, spread, MEMBERS)
    labelled, label = draw(rng, rows, skills)
    fresh, truth = draw(rng, FRESH, skills)
    members = {str(place): Predictions(*both) for place, both in enumerate(zip(labelled, fresh, strict=True))}
    known = Rows(np.arange(rows), label, rng.permutation(rows) % FOLDS, None)
    used = combine_members(members, known, EnsembleSection(method="mean", compare=()), 0)
    if used.comparison is None:
        raise ValueError("several members are compared")
    best = used.comparison["best-member"].rule.combine(fresh)
    mean, alone, chosen = (
        metrics.top_k_accuracy(prob, truth) for prob in (np.mean(fresh, axis=0), best, used.predictions.test)
    )
    return mean, alone, chosen, used.method == "best-member"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=60)
    count = parser.parse_args().repetitions
    print("| rows | spread of skills | mean | best member | used | gain over the mean | best member used in |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for rows, spread in SETTINGS:
        rng = np.random.default_rng(0)
        mean, best, used, switched = np.array([once(rng, rows, spread) for _ in range(count)]).T
        gain = 100 * (used - mean)
        half = t.ppf(0.975, count - 1) * gain.std(ddof=1) / np.sqrt(count)
        accuracies = " | ".join(f"{100 * one.mean():.1f} %" for one in (mean, best, used))
        print(
            f"| {rows} | {spread:g} | {accuracies} | "
            f"{gain.mean():+.2f} ({gain.mean() - half:+.2f} to {gain.mean() + half:+.2f}) | {switched.mean():.0%} |"
        )


if __name__ == "__main__":
    main()
