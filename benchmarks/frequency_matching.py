"""Does it help to match the mean prediction on test rows to the class frequencies of the training rows?

    python -m benchmarks.frequency_matching quickdraw345 MobileNetV2.safetensors [--seeds 10]

The cases are those of `benchmarks.class_frequencies`: 40 % of the drawings become test rows, split equally by class or
at random, or selected so that class frequencies differ geometrically. Printed per case: in how many the frequencies are
found to differ, and are then not matched; the gain in points, by the test rows' labels, of the full weights and of
those that `inference.prior: auto` reduces by what chance explains, in all cases; in how many the out-of-fold rows show
a gain, so that `auto` uses it, with the mean and the worst gain of these.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.class_frequencies import Simulated, load, simulate
from benchmarks.injected_drift import STRENGTHS, geometric_frequencies, thinned
from benchmarks.machine import describe
from sketchfit.inference.class_frequencies import ALPHA, frequencies_p_value
from sketchfit.inference.frequency_matching import fitted_weight, matching_gain, matching_weight
from sketchfit.inference.prior_correction import reweighted


@dataclass(frozen=True)
class Matching:
    """One case.

    Attributes:
        rows: test rows.
        differs: whether their frequencies are found to differ, so that nothing is matched.
        full, reduced: gain in accuracy on test by the full and by the reduced weights.
        used: whether `auto` uses the reduced weights.
    """

    rows: int
    differs: bool
    full: float
    reduced: float
    used: bool


def examine(case: Simulated, seed: int) -> Matching:
    """Match a case, and compare with its labels."""
    frequencies, test = case.reference.frequencies, case.calibrated
    before = float((test.argmax(axis=1) == case.truth).mean())
    full, reduced = (
        float((reweighted(test, fit(test, frequencies)).argmax(axis=1) == case.truth).mean()) - before
        for fit in (fitted_weight, matching_weight)
    )
    differs = frequencies_p_value(case.reference, case.test, seed) < ALPHA
    gain = None if differs else matching_gain(case.reference, len(test), seed)
    return Matching(len(test), differs, full, reduced, gain is not None and gain.helps)


def line(name: str, found: list[Matching]) -> str:
    """Return a line of the table."""
    used = [100 * one.reduced for one in found if one.used]
    full, reduced = (100 * np.mean([getattr(one, key) for one in found]) for key in ("full", "reduced"))
    gain = f", {np.mean(used):+.1f} (worst {min(used):+.1f})" if used else ""
    rows, differ = np.mean([one.rows for one in found]), sum(one.differs for one in found)
    return f"| {name} | {rows:.0f} | {differ} of {len(found)} | {full:+.1f} | {reduced:+.1f} | {len(used)}{gain} |"


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
            for strength in STRENGTHS if stratified else ():
                rng = np.random.Generator(np.random.Philox(key=[6, seed]))
                wanted = geometric_frequencies(len(case.reference.frequencies), strength, rng)
                part = case.part(thinned(case.truth, wanted, rng))
                found.setdefault(f"geometric, strength {strength}", []).append(examine(part, seed))
    print(describe(), "\n")
    print("| frequencies | test rows | differ | full weights, points | reduced weights | used by auto, their gain |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, cases in found.items():
        print(line(name, cases), flush=True)


if __name__ == "__main__":
    main()
