"""How accurate is the estimate without labels, and does the alarm fire, where the test images have drifted?

    python -m benchmarks.claims_drift runs/om data/test_labels.csv [--rows 600] [--unknown OTHER_DATA]

The run must be finished by `sketchfit run`, with `claim` enabled. Its test images are changed by each drift of
`injected_drift.py` at three strengths, and predicted by the run's networks. Test rows are also sampled so that classes
have other frequencies. With --unknown, images of classes that the run does not know replace a part of the test rows;
images of classes whose name the run knows are left out.

The table has the truth and the estimate: with all simulated shifts, and without those of the kind that was injected,
as for a drift that nobody thought of.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.injected_drift import (
    DRIFTS,
    STRENGTHS,
    UNKNOWN_SHARES,
    dirichlet_frequencies,
    drifted,
    geometric_frequencies,
    resampled,
    thinned,
    with_unknown,
)
from sketchfit.claims.alarm import alarm
from sketchfit.claims.label_free import LabelFree, LabelFreeModel
from sketchfit.claims.stored import from_record
from sketchfit.commands.score import true_labels
from sketchfit.data.images import decode
from sketchfit.data.readers import read_table
from sketchfit.data.store import open_stores
from sketchfit.inference.run_predictor import RunAnswers, RunPredictor
from sketchfit.runs.artefacts import ClaimRecord
from sketchfit.runs.run import Run
from sketchfit.training.engine import make_engine

Ints = NDArray[np.int64]
NO_CLASS = -1

SIMULATED = {
    "lines": "line width",
    "blur": "blur",
    "inversion": "inversion",
    "rotation": "rotation",
    "texture": "paper",
}
"""Each injected drift and the kind of simulated shifts that is like it."""


@dataclass(frozen=True)
class Rows:
    """Predicted rows and their classes, int64 [n]; `NO_CLASS` where the run does not know the class."""

    answers: RunAnswers
    label: Ints

    @property
    def truth(self) -> float:
        """Accuracy of the final answer."""
        return float((self.answers.final.argmax(axis=1) == self.label).mean())

    def at(self, rows: Ints) -> Rows:
        """Return these of the rows, which may be repeated."""
        networks = tuple(tuple(prob[rows] for prob in member) for member in self.answers.networks)
        return Rows(RunAnswers(self.answers.final[rows], networks), self.label[rows])

    def followed_by(self, other: Rows) -> Rows:
        """Return the rows of both."""
        networks = tuple(
            tuple(np.concatenate(pair) for pair in zip(*both, strict=True))
            for both in zip(self.answers.networks, other.answers.networks, strict=True)
        )
        final = np.concatenate([self.answers.final, other.answers.final])
        return Rows(RunAnswers(final, networks), np.concatenate([self.label, other.label]))


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    kind: str
    strength: int
    truth: float
    estimate: LabelFree
    unseen: LabelFree
    fires: bool

    @property
    def error(self) -> float:
        """Estimate minus truth."""
        return self.estimate.final.value - self.truth

    @property
    def unseen_error(self) -> float:
        """The same where the kind was not simulated."""
        return self.unseen.final.value - self.truth


@dataclass(frozen=True)
class Bench:
    """A finished run, and its test images."""

    run: Run
    paths: tuple[Path, ...]
    label: Ints

    @cached_property
    def predictor(self) -> RunPredictor:
        """Of the run."""
        return RunPredictor.of(self.run)

    @cached_property
    def model(self) -> LabelFreeModel:
        """Of the estimate."""
        record = self.run.label_free
        if record is None:
            raise SystemExit(f"{self.run.path} has no ensemble/label_free.json: run it again with claim enabled")
        return from_record(record)

    @cached_property
    def claim(self) -> ClaimRecord:
        """Of the run."""
        if self.run.claim is None:
            raise SystemExit(f"{self.run.path} has no ensemble/claim.json: run it again with claim enabled")
        return self.run.claim

    def predict(self, paths: Sequence[Path], label: Ints, kind: str | None = None, strength: int = 0) -> Rows:
        """Predict images, changed by a drift where one is given."""
        device = make_engine(self.run.recipe.compute).device
        with tempfile.TemporaryDirectory(prefix="claims-drift-") as folder:
            names = [f"{row:05d}.png" for row in range(len(paths))]
            for row, path in enumerate(paths):
                image = np.atleast_3d(decode(path.read_bytes()))
                if kind is not None:
                    image = drifted(image, kind, strength, row)
                bgr = image[:, :, ::-1] if image.shape[2] == 3 else image
                cv2.imwrite(str(Path(folder) / names[row]), np.ascontiguousarray(bgr))
            stores = open_stores(Path(folder), names, self.predictor.store_settings, Path(folder) / "store")
            answers = self.predictor.answers(stores, device, np.arange(len(paths)))
            del stores  # memory maps are closed before the folder is deleted
        return Rows(answers, label)

    def measured(self, rows: Rows, kind: str, strength: int) -> Result:
        """Compare the estimate with the truth."""
        units = self.predictor.units(rows.answers, [one.networks for one in self.model.correction.reference.units])
        found = self.model.estimate(units, rows.answers.final)
        shifts = tuple(one for one in self.model.correction.shifts if one.kind != SIMULATED.get(kind))
        without = replace(self.model, correction=replace(self.model.correction, shifts=shifts))
        fires = alarm(found, self.claim.single, self.claim.single_error).fires
        return Result(kind, strength, rows.truth, found, without.estimate(units, rows.answers.final), fires)


def results(bench: Bench, unknown: Sequence[Path]) -> Iterator[Result]:
    """Yield one result per drift and strength; the first is without drift."""
    plain = bench.predict(bench.paths, bench.label)
    yield bench.measured(plain, "none", 0)
    for kind in DRIFTS:
        for strength in STRENGTHS:
            yield bench.measured(bench.predict(bench.paths, bench.label, kind, strength), kind, strength)
    yield from _frequencies(bench, plain)
    if unknown:
        yield from _unknown(bench, plain, unknown)


def _frequencies(bench: Bench, plain: Rows) -> Iterator[Result]:
    classes = plain.answers.final.shape[1]
    for strength in STRENGTHS:
        rng = np.random.Generator(np.random.Philox(key=[1, strength]))
        rows = thinned(plain.label, geometric_frequencies(classes, strength, rng), rng)
        yield bench.measured(plain.at(rows), "geometric frequencies", strength)
    for strength in STRENGTHS:
        rng = np.random.Generator(np.random.Philox(key=[2, strength]))
        rows = resampled(plain.label, dirichlet_frequencies(classes, strength, rng), len(plain.label), rng)
        yield bench.measured(plain.at(rows), "Dirichlet frequencies", strength)


def _unknown(bench: Bench, plain: Rows, paths: Sequence[Path]) -> Iterator[Result]:
    rng = np.random.Generator(np.random.Philox(key=3))
    chosen = [paths[row] for row in rng.permutation(len(paths))[: len(bench.paths)]]
    other = bench.predict(chosen, np.full(len(chosen), NO_CLASS))
    for strength, share in zip(STRENGTHS, UNKNOWN_SHARES, strict=True):
        known, strange = with_unknown(len(bench.paths), len(chosen), share, rng)
        yield bench.measured(plain.at(known).followed_by(other.at(strange)), "unknown classes", strength)


def open_bench(run: Path, truth: Path, rows: int) -> Bench:
    """Open a run, and sample at most so many of its test images."""
    opened = Run.open(run, "run")
    label = true_labels(truth, opened, len(opened.test().row)).label
    root = Path(opened.table.root)
    names = read_table(root).test.paths
    chosen = np.sort(np.random.Generator(np.random.Philox(key=0)).permutation(len(names))[:rows])
    return Bench(opened, tuple(root / names[row] for row in chosen), label[chosen])


def unknown_images(folder: Path, run: Run) -> list[Path]:
    """Return the training images of another data set whose classes the run does not know."""
    table = read_table(folder)
    known = set(run.table.class_names)
    return [
        folder / path
        for path, label in zip(table.train.paths, table.label, strict=True)
        if table.class_names[label] not in known
    ]


def print_table(found: Sequence[Result]) -> None:
    """Print the table, and mean absolute errors."""
    print("| drift | strength | truth | estimate | error | error, kind not simulated | alarm |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for one in found:
        final = one.estimate.final
        print(
            f"| {one.kind} | {one.strength or ''} | {100 * one.truth:.1f} "
            f"| {100 * final.value:.1f} ({100 * final.low:.1f}–{100 * final.high:.1f}) "
            f"| {100 * one.error:+.1f} | {100 * one.unseen_error:+.1f} | {'yes' if one.fires else 'no'} |"
        )
    under = [one for one in found if one.kind != "none"]
    error = np.mean([abs(one.error) for one in under])
    unseen = np.mean([abs(one.unseen_error) for one in under])
    inside = np.mean([one.estimate.final.low <= one.truth <= one.estimate.final.high for one in under])
    print(
        f"\nmean absolute error {100 * error:.1f} points; {100 * unseen:.1f} where the kind was not simulated; the "
        f"interval contains the truth in {100 * inside:.0f} %; alarm in {100 * np.mean([o.fires for o in under]):.0f} %"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("truth", type=Path, help="table with the true labels of the test rows")
    parser.add_argument("--rows", type=int, default=600, help="test images, at most")
    parser.add_argument("--unknown", type=Path, help="data set with images of other classes")
    args = parser.parse_args()
    bench = open_bench(args.run, args.truth, args.rows)
    unknown = unknown_images(args.unknown, bench.run) if args.unknown else []
    print_table(list(results(bench, unknown)))


if __name__ == "__main__":
    main()
