"""Selecting among 20 members of five folds, 25,000 rows, 500 classes: seconds and peak memory.

    python benchmarks/ensemble_selection.py [--members 20 --rows 25000 --classes 500] [--kind trained|noise]

Members are memory-mapped float32 files in a temporary folder (1 GB at full size). `trained` draws probabilities as
trained models give them, the best one 79 % right; `noise` draws them without any signal, the worst case: hardly a class
of any row can be left out. `choice seconds`: the fit on all rows; `nested seconds`: the five further fits and what they
combine. Peak memory counts the mapped files too.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference import metrics
from sketchfit.inference.ensembling.compare import methods_of
from sketchfit.inference.ensembling.nested import nested

FOLDS = 5


def draw(folder: Path, members: int, rows: int, classes: int, kind: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Members on disk, float32 [rows, classes] each, and int64 [rows] labels."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, classes, rows)
    shared = rng.normal(size=(rows, classes)).astype(np.float32)
    ease = rng.normal(9.0, 3.5, rows)  # some drawings are hard for all
    mapped = []
    for member in range(members):
        z: np.ndarray = rng.standard_normal((rows, classes), dtype=np.float32)
        if kind == "trained":
            z = 2.2 * (0.85 * shared + 0.5 * z)
            z[np.arange(rows), label] += ease + rng.normal(0.05 * member, 1.0, rows)
        z -= z.max(axis=1, keepdims=True)
        np.exp(z, out=z)
        z /= z.sum(axis=1, keepdims=True)
        path = folder / f"{member}.npy"
        np.save(path, z)
        mapped.append(np.load(path, mmap_mode="r"))
    return mapped, label


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--rows", type=int, default=25_000)
    parser.add_argument("--classes", type=int, default=500)
    parser.add_argument("--kind", choices=("trained", "noise"), default="trained")
    parser.add_argument("--methods", nargs="*", default=["simplex", "greedy-log-loss", "greedy", "stacking"])
    parser.add_argument("--no-nested", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        members, label = draw(Path(folder), given.members, given.rows, given.classes, given.kind)
        fold = np.random.default_rng(1).permutation(given.rows) % FOLDS
        print(f"best member {max(metrics.top_k_accuracy(m, label) for m in members):.2%}")
        print(f"{'method':16} {'choice seconds':>14} {'nested seconds':>14} {'nested top-1':>12} {'peak GB':>8}")
        for name in given.methods:
            fit, start = methods_of(EnsembleSection(), 0, [name])[name], time.perf_counter()
            fit(members, label, np.arange(given.rows))
            choice, start, figure = time.perf_counter() - start, time.perf_counter(), "-"
            if not given.no_nested:
                figure = f"{metrics.top_k_accuracy(nested(fit, members, label, fold), label):.2%}"
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
            print(f"{name:16} {choice:14.1f} {time.perf_counter() - start:14.1f} {figure:>12} {peak:8.2f}", flush=True)


if __name__ == "__main__":
    main()
