"""Does the alarm on labels find planted errors, is its stated precision right, and is it silent without errors?

    python benchmarks/label_alarm.py MobileNetV2.safetensors [DATA …] [--seeds 4] [--networks]

DATA are folders of labelled drawings; without one, drawings are made by `sketchfit draw`. A known share of the labels
is changed: evenly to any other class, or to classes in proportion to a network's mean probability on the class. Then
the labels are learnt, by heads on features of the frozen network (ridge regression, temperature) in five folds, or with
--networks by a complete run (three folds, --size pixels, --epochs). Near-duplicates are in the same fold. Heads and
networks learn from the changed labels too; the alarm receives only the out-of-fold probabilities and these labels.

Printed per data set and noise, over seeds: accuracy of the heads on the original labels; labels reported per seed;
share of the reported labels that were changed (precision), as stated by the alarm and as it is; share of the changed
labels that are reported (recall); alarms. Labels of a data set that were wrong before count as right, so the precision
on drawings by many people is a lower bound.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import sketchfit
from benchmarks.class_frequencies import Drawings, load
from sketchfit.bank.heads import Ridge
from sketchfit.bank.temperature import fit_temperature, probabilities
from sketchfit.data.folds import stratified_folds
from sketchfit.inference.label_alarm import raise_alarm
from sketchfit.inference.label_flips import confused_flips, uniform_flips
from sketchfit.reporting.evidence import read_evidence
from sketchfit.synthetic import DrawSettings, draw

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

FOLDS, STRENGTH = 5, 0.05
RATES = (0.0, 0.02, 0.05, 0.1)
KINDS = ("even", "confused")


@dataclass(frozen=True)
class Outcome:
    """Of one seed: accuracy on the original labels; labels reported, changed, and both; precision stated."""

    accuracy: float
    reported: int
    changed: int
    both: int
    stated: float


def held_out(drawings: Drawings, label: Ints, seed: int) -> tuple[Floats, Ints]:
    """Fit heads on labels; return out-of-fold probabilities and the fold of each row."""
    values, classes = drawings.values, int(drawings.label.max()) + 1
    fold = stratified_folds(label, [1 / FOLDS] * FOLDS, seed, drawings.group)
    scores = np.zeros((len(label), classes), np.float32)
    for number in range(FOLDS):
        rest = fold != number
        scores[~rest] = Ridge.of(values[rest], label[rest], classes, STRENGTH).head.scores(values[~rest])
    return probabilities(scores, fit_temperature(scores, label)), fold


def plant(drawings: Drawings, clean: Floats, rate: float, kind: str, seed: int) -> tuple[Ints, NDArray[np.bool_]]:
    """Change this share of labels; return all labels, and which are changed."""
    rng = np.random.Generator(np.random.Philox(key=[19, seed]))
    changed = np.zeros(len(drawings.label), dtype=bool)
    changed[rng.permutation(len(changed))[: round(rate * len(changed))]] = True
    if kind == "even":
        flipped = uniform_flips(drawings.label, clean.shape[1], rng)
    else:
        flipped = confused_flips(drawings.label, clean, rng)
    return np.where(changed, flipped, drawings.label), changed


def study(drawings: Drawings, rate: float, kind: str, seed: int) -> Outcome:
    """Plant errors, learn, and raise the alarm."""
    clean, _ = held_out(drawings, drawings.label, seed)
    label, changed = plant(drawings, clean, rate, kind, seed)
    prob, fold = held_out(drawings, label, seed)
    alarm = raise_alarm(prob, label, drawings.group, fold)
    right = float((prob.argmax(axis=1) == drawings.label).mean())
    both = int(changed[alarm.places].sum())
    return Outcome(right, len(alarm.places), int(changed.sum()), both, alarm.precision)


def study_networks(data: Path, weights: Path, rate: float, seed: int, options: argparse.Namespace) -> Outcome:
    """Plant errors evenly in a copy of the table, run everything on it, and raise the alarm."""
    table = pd.read_csv(data / "train.csv")
    names = table[["target", "class_name"]].drop_duplicates().set_index("target")["class_name"]
    rng = np.random.Generator(np.random.Philox(key=[23, seed]))
    changed = np.zeros(len(table), dtype=bool)
    changed[rng.permutation(len(table))[: round(rate * len(table))]] = True
    true = table["target"].to_numpy(np.int64)
    table["target"] = np.where(changed, uniform_flips(true, len(names), rng), true)
    table["class_name"] = names.loc[table["target"]].to_numpy()
    with tempfile.TemporaryDirectory() as scratch:
        (copy := Path(scratch) / "data").mkdir()
        table.to_csv(copy / "train.csv", index=False)
        (copy / "train").symlink_to((data / "train").resolve())
        settings = [f"model.weights={weights}", f"model.input_size={options.size}", f"training.epochs={options.epochs}"]
        settings += ["folds.k=3", "data.follow_links=true", "report.enabled=false", "claim.enabled=false"]
        sketchfit.run(copy, recipe="cpu", overrides=settings, out=Path(scratch) / "run")
        evidence = read_evidence(Path(scratch) / "run")
        place = {path.removeprefix("train/"): row for row, path in enumerate(table["image_path"])}
        rows = np.array([place[path.removeprefix("train/")] for path in evidence.paths])
        alarm = raise_alarm(evidence.prob, evidence.label, evidence.copies, evidence.fold, evidence.group)
        right = float((np.array(evidence.class_names)[evidence.answer] == names.loc[true[rows]].to_numpy()).mean())
    both = int(changed[rows][alarm.places].sum())
    return Outcome(right, len(alarm.places), int(changed[rows].sum()), both, alarm.precision)


def line(name: str, rate: float, kind: str, some: list[Outcome]) -> str:
    """One line of the table."""
    reported, changed, both = (sum(getattr(one, what) for one in some) for what in ("reported", "changed", "both"))
    stated = sum(one.stated * one.reported for one in some) / reported if reported else np.nan
    known = [
        f"{np.mean([one.accuracy for one in some]):.1%}",
        f"{sum(one.reported > 0 for one in some)} of {len(some)}",
        f"{reported / len(some):.1f}",
        f"{stated:.0%}" if reported else "",
        f"{both / reported:.0%}" if reported else "",
        f"{both / changed:.0%}" if changed else "",
    ]
    return f"| {name} | {f'{rate:.0%}, {kind}' if rate else '0%'} | {' | '.join(known)} |"


def outcomes(data: Path, options: argparse.Namespace) -> Iterator[tuple[float, str, list[Outcome]]]:
    """Noise, its kind, and the outcome of each seed."""
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    if options.networks:
        for rate in options.rates:
            yield rate, KINDS[0], [study_networks(data, options.weights, rate, seed, options) for seed in seeds]
        return
    drawings = load(data, options.weights)
    for rate, kind in product(options.rates, KINDS):
        if rate or kind == KINDS[0]:
            yield rate, kind, [study(drawings, rate, kind, seed) for seed in seeds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("data", type=Path, nargs="*")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--rates", type=float, nargs="*", default=RATES)
    parser.add_argument("--networks", action="store_true", help="train networks instead of heads; even changes only")
    parser.add_argument("--size", type=int, default=64, help="side of the networks' input in pixels")
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    print("| drawings | labels changed | accuracy | alarms | reported | precision, stated | precision | recall |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for data in options.data or [draw(Path(folder) / "drawn", DrawSettings(20, 30, 1)).out]:
            for rate, kind, some in outcomes(data, options):
                print(line(data.name, rate, kind, some), flush=True)


if __name__ == "__main__":
    main()
