"""Do plain folds overstate accuracy where copies cross them, and do grouped folds not?

    python benchmarks/folds_leak.py [--seeds 10]

Each seed draws a set of 20 classes with 30 training and 30 test drawings per class, of which 30 % are near-copies
(mirrored, rotated, tilted, resized, re-encoded) of others. The audit finds the groups; nothing here looks at which
copies were planted, but to leave out the test images that have a copy among the training images (or among the other
test images), so that what remains is new. A classifier is fitted on every training part of five folds. Its
out-of-fold accuracy is compared with the accuracy of the same fitted classifiers on the new drawings: an honest
estimate differs from that by nothing but noise. Printed: both, and the mean difference in percentage points with its
95 % interval over seeds.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.stats import t
from sklearn.linear_model import LogisticRegression

from sketchfit.auditing import AuditSettings, run_audit
from sketchfit.data.folds import crossing_groups, stratified_folds
from sketchfit.data.images import decode
from sketchfit.data.readers import read_table
from sketchfit.data.resize import to_square
from sketchfit.data.table import Table
from sketchfit.duplicates import take_signature
from sketchfit.duplicates.candidates import invariants
from sketchfit.synthetic import DrawnDataset, draw_dataset

Array = np.ndarray[Any, Any]
Classifier = Callable[[list[Array], Array, list[list[Array]]], list[Array]]
"""From images to learn from [n], their labels and lists of images to judge, to a prediction for each list."""

FOLDS, SIDE, CELL, DIRECTIONS = 5, 64, 8, 9


def hog(image: Array) -> Array:
    """Histograms of oriented gradients (Dalal & Triggs 2005) on cells of 8 x 8 pixels."""
    dx, dy = (cv2.Sobel(image, cv2.CV_32F, *order, ksize=1) for order in ((1, 0), (0, 1)))
    strength, turn = np.hypot(dx, dy), np.arctan2(dy, dx) % np.pi
    which = np.minimum((turn / np.pi * DIRECTIONS).astype(int), DIRECTIONS - 1)
    layers = np.zeros((SIDE, SIDE, DIRECTIONS), np.float32)
    np.put_along_axis(layers, which[..., None], strength[..., None], axis=2)
    cells = layers.reshape(SIDE // CELL, CELL, SIDE // CELL, CELL, DIRECTIONS).sum(axis=(1, 3))
    described: Array = (cells / (np.linalg.norm(cells, axis=2, keepdims=True) + 20)).ravel()
    return described


def symmetries(image: Array) -> list[Array]:
    return [np.rot90(turned, k).copy() for turned in (image, image[:, ::-1]) for k in range(4)]


def logistic(images: list[Array], label: Array, judged: list[list[Array]]) -> list[Array]:
    """Logistic regression on HOG, trained with all flips and quarter turns, as networks are."""
    features = np.array([hog(view) for image in images for view in symmetries(image)])
    model = LogisticRegression(C=0.1, max_iter=150).fit(features, np.repeat(label, 8))
    return [model.predict(np.array([hog(image) for image in group])) for group in judged]


def nearest(images: list[Array], label: Array, judged: list[list[Array]]) -> list[Array]:
    """The class of the most similar drawing, by features that flips and turns leave alone."""
    everything = [*images, *(image for group in judged for image in group)]
    spectrum = np.concatenate([take_signature(image).spectrum for image in everything])
    features = invariants(spectrum)
    found = label[(features[len(images) :] @ features[: len(images)].T).argmax(axis=1)]
    return np.split(found, np.cumsum([len(group) for group in judged])[:-1])


CLASSIFIERS: dict[str, Classifier] = {"logistic on HOG": logistic, "nearest neighbour": nearest}


def small(table: Table, path: str) -> Array:
    image = decode(table.root / path)
    grey: Array = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    square = to_square(grey[:, :, None], SIDE, "pad")[0][:, :, 0]
    return 255 - square if square[0].mean() < 128 else square


def truth(drawn: DrawnDataset, table: Table) -> tuple[Array, Array]:
    """Test labels in the order of the test rows, and which test rows are new: planted copies' families left out."""
    with drawn.test_labels.open(encoding="utf-8") as file:
        target = {f"test/{row['image_path']}": int(row["target"]) for row in csv.DictReader(file)}
    with drawn.copies.open(encoding="utf-8") as file:
        related = {name for row in csv.DictReader(file) for name in (row["image"], row["copy_of"])}
    label = np.array([target[path] for path in table.test.paths])
    return label, np.array([path not in related for path in table.test.paths])


def measure(seed: int, folder: Path) -> tuple[dict[tuple[str, str], tuple[float, float]], int]:
    """(out-of-fold accuracy, the same classifiers' accuracy on new drawings) by classifier and kind of folds."""
    drawn = draw_dataset(folder / "data", classes=20, per_class=30, test_per_class=30, seed=seed, copies=0.3)
    table = read_table(drawn.out)
    audit = run_audit(table, AuditSettings(seed=seed), folder / "cache")
    test_label, new = truth(drawn, table)
    train = [small(table, path) for path in table.train.paths]
    test = [small(table, path) for path, kept in zip(table.test.paths, new, strict=True) if kept]
    results = {}
    for kind, group in (("plain", None), ("grouped", audit.group)):
        fold = stratified_folds(table.label, [1 / FOLDS] * FOLDS, seed, group)
        for name, classify in CLASSIFIERS.items():
            inside, outside = [], []
            for number in range(FOLDS):
                learn, judge = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
                guess, on_new = classify(
                    [train[row] for row in learn], table.label[learn], [[train[row] for row in judge], test]
                )
                inside.append(guess == table.label[judge])
                outside.append(on_new == test_label[new])
            results[name, kind] = float(np.concatenate(inside).mean()), float(np.mean(outside))
    plain = stratified_folds(table.label, [1 / FOLDS] * FOLDS, seed)
    return results, crossing_groups(plain, audit.group)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    seeds = range(parser.parse_args().seeds)
    runs = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            results, crossing = measure(seed, Path(folder))
        runs.append(results)
        print(f"seed {seed}: {crossing} groups cross plain folds", flush=True)
    print("\n| classifier | folds | out of fold | new drawings | difference, points (95 %) |")
    print("| --- | --- | --- | --- | --- |")
    for name, kind in runs[0]:
        inside, outside = np.array([run[name, kind] for run in runs]).T
        gap = 100 * (inside - outside)
        reach = t.ppf(0.975, len(gap) - 1) * gap.std(ddof=1) / np.sqrt(len(gap)) if len(gap) > 1 else np.nan
        print(
            f"| {name} | {kind} | {inside.mean():.1%} | {outside.mean():.1%} "
            f"| {gap.mean():+.1f} ({gap.mean() - reach:+.1f} to {gap.mean() + reach:+.1f}) |"
        )


if __name__ == "__main__":
    main()
