"""Time and memory of what is computed on probabilities after training, of many rows, without images or networks.

    python -m benchmarks.large_arrays 1000000 100
    python -m benchmarks.large_arrays 60000 2000 --free 0.5
    python -m benchmarks.large_arrays 100000 100 --frequencies

Out-of-fold probabilities of five folds and of a tenth as many test rows are generated; the functions are those of the
stages of a run. The first line of the table has the memory of the generated files' content, which all others include.

With `--free GB`, arrays are in files as on a machine with so much free memory: the last column, memory without mapped
files, does not grow with them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.large import Memory
from benchmarks.machine import cpu_model, memory_gb
from sketchfit.config.calibration import CalibrationSection
from sketchfit.data.folds import stratified_folds
from sketchfit.inference import metrics, view_selection
from sketchfit.inference.blocks import by_blocks, sampled_rows
from sketchfit.inference.class_frequencies import Reference, estimate_frequencies
from sketchfit.inference.ensembling.rule import softmax
from sketchfit.inference.frequency_matching import expected_variance, matching_gain, matching_weight
from sketchfit.inference.intervals import accuracy
from sketchfit.inference.label_alarm import raise_alarm
from sketchfit.inference.oof import Floats, Predictions, Rows
from sketchfit.reporting.run.figures import figures
from sketchfit.runs import large_arrays
from sketchfit.runs.large_arrays import large_arrays_in
from sketchfit.runs.probabilities import mean_by_row, read_probabilities, write_probabilities
from sketchfit.stages.calibrate import calibrate_predictions
from sketchfit.stages.prior import decide

FOLDS = 5


def generated(label: np.ndarray, classes: int, seed: int) -> Floats:
    """Probabilities of rows that are right in about 70 %, float32 [N, C]."""
    rng = np.random.default_rng(seed)

    def part(rows: slice) -> np.ndarray:
        scores = rng.standard_normal((len(label[rows]), classes), dtype=np.float32)
        scores[np.arange(len(scores)), label[rows]] += 3.5
        return softmax(2 * scores)

    return by_blocks(part, (len(label), classes), classes, np.float32)


def mirrored(prob: Floats) -> Floats:
    """The probabilities of the classes in the opposite order."""
    return by_blocks(lambda part: prob[part, ::-1], prob.shape, prob.shape[1], np.float32)


@contextmanager
def measured(name: str, memory: Memory) -> Iterator[None]:
    """Print a line of the table."""
    memory.peak()
    began, used = time.monotonic(), time.process_time()
    yield
    seconds, processor, most = time.monotonic() - began, time.process_time() - used, memory.peak()
    print(
        f"| {name} | {seconds:.1f} | {processor:.1f} | {most['VmRSS'] / 1e9:.2f} | {most['RssAnon'] / 1e9:.2f} |",
        flush=True,
    )


def measure(rows: int, classes: int, folder: Path, memory: Memory) -> None:
    rng = np.random.default_rng(0)
    label, labels = rng.integers(0, classes, rows), rng.integers(0, classes, rows // 10)
    with measured("folds of single rows", memory):
        fold = stratified_folds(label, [1 / FOLDS] * FOLDS, 0)
    prob, test = generated(label, classes, 1), generated(labels, classes, 2)
    for number in range(FOLDS):
        held = np.flatnonzero(fold == number)
        write_probabilities(folder / f"{number}.npz", held, prob[held])
    second = mirrored(prob)
    del prob
    with measured("read and merge the folds", memory):
        parts = [read_probabilities(folder / f"{number}.npz") for number in range(FOLDS)]
        oof = mean_by_row(parts).prob
    table = Rows(np.arange(rows), label, fold, None)
    with measured("choose views on other folds", memory):
        view_selection.cross_fit({"identity": oof, "hflip": second}, label, fold)
    del second
    with measured("calibrate", memory):
        done = calibrate_predictions(Predictions(oof, test), table, CalibrationSection())
    frequencies(oof, done.predictions.oof, label, test, memory)
    with measured("accuracy and log-loss", memory):
        for k in (1, 5):
            accuracy(metrics.top_k_correct(done.predictions.oof, label, k))
        metrics.log_loss(done.predictions.oof, label)
    with measured("write", memory):
        write_probabilities(folder / "oof.npz", table.row, done.predictions.oof)
    with measured("figures of the report", memory):
        figures(oof, label, None)
    with measured("wrong labels", memory):
        raise_alarm(oof, label, np.arange(rows), fold)


def frequencies(oof: Floats, calibrated: Floats, label: np.ndarray, test: Floats, memory: Memory) -> None:
    """Measure the estimate of class frequencies, and the matching with the measurement of its gain."""
    classes = oof.shape[1]
    reference = Reference(oof, calibrated, label).part(sampled_rows(np.arange(len(oof)), classes))
    some = test[sampled_rows(np.arange(len(test)), classes)]
    with measured("class frequencies: estimate", memory):
        decide(reference, some, estimate_frequencies(reference, some), "auto", 0)
    with measured("class frequencies: match", memory):
        matching_gain(reference, np.zeros(0, dtype=np.int64), len(some), 0)
        matching_weight(some, reference.frequencies, expected_variance(reference, len(some), 0))


def frequencies_alone(rows: int, classes: int, memory: Memory) -> None:
    """Measure class frequencies only, of probabilities that are not calibrated."""
    rng = np.random.default_rng(0)
    label, labels = rng.integers(0, classes, rows), rng.integers(0, classes, rows // 10)
    oof = generated(label, classes, 1)
    frequencies(oof, oof, label, generated(labels, classes, 2), memory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int)
    parser.add_argument("classes", type=int)
    parser.add_argument("--frequencies", action="store_true", help="only class frequencies")
    parser.add_argument("--free", type=float, default=0.0, help="GB of memory, as if no more were free")
    options = parser.parse_args()
    if options.free:
        vars(large_arrays)["available_memory"] = lambda: int(options.free * 1e9)
    size = 4 * options.rows * options.classes
    print(f"{options.rows:,} rows of {options.classes:,} classes ({size / 1e9:.2f} GB in float32)")
    print(f"{cpu_model()}, {memory_gb():.0f} GB\n\n| part | seconds | processor, s | memory, GB | without files, GB |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    memory = Memory()
    with tempfile.TemporaryDirectory() as folder, memory.measured(), large_arrays_in(Path(folder)):
        if options.frequencies:
            frequencies_alone(options.rows, options.classes, memory)
        else:
            measure(options.rows, options.classes, Path(folder), memory)


if __name__ == "__main__":
    main()
