"""Time, memory and accuracy of heads in closed form for all folds of many rows.

    python benchmarks/bank_heads.py --rows 6243 --columns 3056 --classes 345
    python benchmarks/bank_heads.py --rows 100000 --columns 3056 --classes 345
    python benchmarks/bank_heads.py --rows 6243 --columns 3056 --classes 345 --head ridge
    python benchmarks/bank_heads.py --features FILE.npz --landmarks 4000

The features are synthetic (per class a few random directions, and noise in few directions that hides them from
distances, so that `nearest_mean` and `knn` are near chance), or arrays `train` [N, D] and `label` [N] of a file. With
`--landmarks`, the heads are compared on a sample with the exact one, whose accuracy they approximate.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from numpy.typing import NDArray

from sketchfit.bank.closed_forms import closed_forms
from sketchfit.bank.kernel import KernelRidge
from sketchfit.bank.nystrom import Nystrom, NystromFold
from sketchfit.config.kernel import HEADS, KernelSection

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

SAMPLE = 6000
"""Rows on which landmarks are compared with the exact head."""


def draw(rows: int, columns: int, classes: int) -> tuple[NDArray[np.float16], Rows]:
    """Return features float16 [rows, columns], stored as the bank does, and labels."""
    rng = np.random.default_rng(0)
    label = rng.permutation(np.arange(rows) % classes)
    centres = rng.normal(size=(classes, 3, columns)).astype(np.float32)
    found = np.empty((rows, columns), dtype=np.float16)
    for start in range(0, rows, 4096):
        part = label[start : start + 4096]
        kind = rng.integers(0, 3, len(part))
        noise = rng.normal(size=(len(part), 24)).astype(np.float32) @ rng.normal(size=(24, columns)).astype(np.float32)
        own = rng.normal(size=(len(part), columns)).astype(np.float32)
        found[start : start + 4096] = (0.25 * centres[part, kind] + 0.3 * noise + own) / np.sqrt(columns)
    return found, label


def right(scores: Floats, label: Rows) -> float:
    return 100 * float((scores.argmax(axis=1) == label).mean())


def compare(values: NDArray[np.float16], label: Rows, classes: int, landmarks: int) -> None:
    """Print the accuracy of rows that are left out, by the exact head and by landmarks, on the same sample."""
    rows = np.sort(np.random.default_rng(1).permutation(len(label))[:SAMPLE])
    held, few = np.arange(0, len(rows), 5), values[rows].astype(np.float32)
    exact = KernelRidge.of(few, label[rows], classes).held_out(held)
    print(f"{len(rows):,} rows, a fifth left out: exact head {right(exact, label[rows][held]):.2f} %")
    ridge = Nystrom.of(lambda part: few[part], label[rows], classes, landmarks=landmarks)
    found = right(NystromFold(ridge, held).held_out(), label[rows][held])
    print(f"  {landmarks:,} landmarks {found:.2f} %, loss {right(exact, label[rows][held]) - found:.2f} points")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in {"rows": 6243, "columns": 3056, "classes": 345, "folds": 5}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--landmarks", type=int, default=0)
    parser.add_argument("--features", default="")
    parser.add_argument("--head", default="rbf", choices=HEADS)
    given = parser.parse_args()
    values, label = draw(given.rows, given.columns, given.classes)
    if given.features:
        with np.load(given.features) as file:
            values, label = file["train"], file["label"]
        (given.rows, given.columns), given.classes = values.shape, int(label.max()) + 1
    form = closed_forms.get(given.head)
    settings = form.candidates(KernelSection())[0]
    began, busy = time.perf_counter(), time.process_time()
    fit = form.fit(lambda rows: values[rows].astype(np.float32), label, given.classes, settings)
    fold = np.arange(given.rows) % given.folds
    scores = np.empty((given.rows, given.classes), dtype=np.float32)
    for number in range(given.folds):
        rows = np.flatnonzero(fold == number)
        part = fit.fold(rows)
        scores[rows] = part.held_out()
        part.left_out()
        assert part.head.scores(values[:1].astype(np.float32)).shape == (1, given.classes)
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{given.rows:,} rows, {given.columns:,} columns, {given.classes} classes, {given.folds} folds:")
    print(f"  {given.head}, {settings}; {fit.note or 'all rows'}; {seconds:.1f} s, {busy:.1f} s of one core")
    print(f"  largest memory {memory:.1f} GB; out of fold {right(scores, label):.2f} %")
    if given.landmarks:
        compare(values, label, given.classes, given.landmarks)


if __name__ == "__main__":
    main()
