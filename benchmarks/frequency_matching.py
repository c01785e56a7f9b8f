"""Does it help to match the mean prediction on test rows to the class frequencies of the training rows?

    python -m benchmarks.frequency_matching quickdraw345 MobileNetV2.safetensors [--seeds 10]

The cases are those of `benchmarks.class_frequencies`: 40 % of the drawings become test rows, split equally by class or
at random, or selected so that class frequencies differ geometrically, up to a ratio. Printed per case: in how many the
numbers of training rows per class are those of a split by class, in how many the frequencies are alike (p ≥ 0.8), in
how many there are five test rows per class or more, and in how many the out-of-fold rows show a gain; the gain in
points, by the test rows' labels, of the full weights and of those that `inference.prior: auto` reduces, in all cases;
in how many `auto` uses it, with the mean and the worst gain of these.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.class_frequencies import Simulated, load, simulate
from benchmarks.injected_drift import thinned
from benchmarks.machine import describe
from sketchfit.inference.class_frequencies import frequencies_p_value
from sketchfit.inference.frequency_matching import (
    ALIKE,
    FEWEST_PER_CLASS,
    expected_variance,
    is_split_by_class,
    matching_gain,
    matching_weight,
)
from sketchfit.inference.prior_correction import reweighted

RATIOS = (1.25, 1.5, 2.0, 4.0, 16.0)
"""Frequency of the most frequent class over that of the rarest."""


@dataclass(frozen=True)
class Matching:
    """One case.

    Attributes:
        rows: test rows.
        by_class: whether the numbers of training rows per class are those of a split by class.
        alike: whether the test rows' frequencies are those of the training rows by the p-value.
        enough: whether there are enough test rows per class.
        helps: whether out-of-fold rows show a gain.
        full, reduced: gain in accuracy on test by the full and by the reduced weights.
    """

    rows: int
    by_class: bool
    alike: bool
    enough: bool
    helps: bool
    full: float
    reduced: float

    @property
    def used(self) -> bool:
        """Whether `auto` uses the reduced weights."""
        return self.by_class and self.alike and self.enough and self.helps


def examine(case: Simulated, seed: int) -> Matching:
    """Match a case, and compare with its labels."""
    reference, test = case.reference, case.calibrated
    frequencies, train = reference.frequencies, len(reference.label)
    counts = np.bincount(reference.label, minlength=len(frequencies))
    before = float((test.argmax(axis=1) == case.truth).mean())
    full, reduced = (
        float((reweighted(test, matching_weight(test, frequencies, one)).argmax(axis=1) == case.truth).mean()) - before
        for one in (None, expected_variance(reference, len(test), seed))
    )
    alike = frequencies_p_value(reference, case.test, seed) >= ALIKE
    fewest = FEWEST_PER_CLASS * len(frequencies)
    gain = matching_gain(reference, np.zeros(0, dtype=np.int64), max(fewest, len(test)), seed)
    by_class = is_split_by_class(counts, train / (train + len(test)))
    helps = gain is not None and gain.helps
    return Matching(len(test), by_class, alike, len(test) >= fewest, helps, full, reduced)


def line(name: str, found: list[Matching]) -> str:
    """Return a line of the table."""
    used = [100 * one.reduced for one in found if one.used]
    full, reduced = (100 * np.mean([getattr(one, key) for one in found]) for key in ("full", "reduced"))
    gain = f", {np.mean(used):+.1f} (worst {min(used):+.1f})" if used else ""
    rows = np.mean([one.rows for one in found])
    conditions = " | ".join(
        str(sum(getattr(one, key) for one in found)) for key in ("by_class", "alike", "enough", "helps")
    )
    return f"| {name} | {rows:.0f} | {len(found)} | {conditions} | {full:+.1f} | {reduced:+.1f} | {len(used)}{gain} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    args = parser.parse_args()
    drawings = load(args.data, args.weights)
    found: dict[str, list[Matching]] = {}
    for seed in range(args.seeds):
        for stratified in (True, False):
            case = simulate(drawings, seed, None, stratified)
            found.setdefault("equal split" if stratified else "random split", []).append(examine(case, seed))
            for ratio in RATIOS if stratified else ():
                rng = np.random.Generator(np.random.Philox(key=[6, seed]))
                falling = ratio ** -np.linspace(0, 1, len(case.reference.frequencies))
                part = case.part(thinned(case.truth, rng.permutation(falling / falling.sum()), rng))
                found.setdefault(f"geometric, 1 to {ratio:g}", []).append(examine(part, seed))
    print(describe(), "\n")
    print(
        "| frequencies | rows | cases | by class | alike | enough | gain | full, points | reduced | used, their gain |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, cases in found.items():
        print(line(name, cases), flush=True)


if __name__ == "__main__":
    main()
