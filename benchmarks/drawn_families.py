"""How much do plain folds overestimate on drawn sets with families, and are related drawings near-duplicates?

    python benchmarks/drawn_families.py WEIGHTS [--seeds 3] [--classes 40] [--per-class 30] [--families 5]

WEIGHTS is a MobileNetV2 checkpoint for the recipe `cpu`. Each seed draws two sets, one with test drawings of new
families and one with test drawings of the training families. On features of the frozen network, a nearest-neighbour
classifier (cosine) and a ridge head are fitted on every part of five plain folds, of five folds with complete families,
and on all training drawings for the test drawings. Planted near-copies are part of the set, as they are by default.
Printed: mean accuracies in percent; how often the nearest drawing of the own class is one of the own family; the share
of pairs of a family (without planted copies) that the near-duplicate search joins.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from sketchfit.bank.extractor import Extractor
from sketchfit.bank.heads import Ridge
from sketchfit.bank.scale import scaled
from sketchfit.config.load import load_recipe
from sketchfit.data.images import decode
from sketchfit.data.resize import to_square
from sketchfit.duplicates import find
from sketchfit.synthetic import DrawnDataset, DrawSettings, draw

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

FOLDS, STRENGTH, BATCH = 5, 0.05, 64


@dataclass(frozen=True)
class Drawn:
    """A set in memory: files, classes and families of training and test drawings, and scaled features."""

    paths: list[Path]
    train: Floats
    label: Rows
    family: Rows
    test: Floats
    truth: Rows
    source: Rows
    """Per training drawing the number of the drawing that it is a copy of, or its own."""


def features(extractor: Extractor, paths: list[Path]) -> Floats:
    found = []
    for start in range(0, len(paths), BATCH):
        pages = [
            to_square(np.atleast_3d(decode(path)), extractor.size, "pad")[0] for path in paths[start : start + BATCH]
        ]
        found.append(extractor.of_pictures(np.stack([np.broadcast_to(page, (*page.shape[:2], 3)) for page in pages])))
    return np.concatenate(found)


def loaded(drawn: DrawnDataset, extractor: Extractor) -> Drawn:
    assert drawn.families is not None
    family = pd.read_csv(drawn.families).set_index("image")["family"]
    rows, truth = pd.read_csv(drawn.train), pd.read_csv(drawn.test_labels)
    images, held = "train/" + rows["image_path"], "test/" + truth["image_path"]
    original = pd.read_csv(drawn.copies).set_index("image")["copy_of"].to_dict()
    number = {image: k for k, image in enumerate(family.index)}
    paths = [drawn.out / image for image in images]
    train, test = scaled(features(extractor, paths), features(extractor, [drawn.out / image for image in held]))
    return Drawn(
        paths, train, rows["target"].to_numpy(np.int64), family[images].to_numpy(np.int64), test,
        truth["target"].to_numpy(np.int64), np.array([number[original.get(image, image)] for image in images]),
    )  # fmt: skip


def folds(drawn: Drawn, group: Rows, rng: np.random.Generator) -> Rows:
    """Spread the groups of each class evenly over the folds, in random order."""
    fold = np.zeros(len(group), np.int64)
    for label in np.unique(drawn.label):
        own = rng.permutation(np.unique(group[drawn.label == label]))
        for k, one in enumerate(own):
            fold[group == one] = k % FOLDS
    return fold


def validated(drawn: Drawn, fold: Rows, likeness: Floats, ridge: Ridge) -> tuple[float, float]:
    """Return the share of right out-of-fold predictions of the nearest neighbour and of the ridge head, in percent."""
    right = np.zeros((2, len(fold)))
    for k in range(FOLDS):
        own, others = np.flatnonzero(fold == k), np.flatnonzero(fold != k)
        nearest = drawn.label[others[likeness[np.ix_(own, others)].argmax(axis=1)]]
        right[:, own] = nearest == drawn.label[own], ridge.held_out(own).argmax(axis=1) == drawn.label[own]
    return 100 * float(right[0].mean()), 100 * float(right[1].mean())


def measured(drawn: Drawn, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    unit = drawn.train / np.linalg.norm(drawn.train, axis=1, keepdims=True)
    likeness = unit @ unit.T
    ridge = Ridge.of(drawn.train, drawn.label, int(drawn.label.max()) + 1, STRENGTH)
    result = {}
    for name, group in (("plain", np.arange(len(unit))), ("families", drawn.family)):
        result[f"nearest, {name}"], result[f"ridge, {name}"] = validated(
            drawn, folds(drawn, group, rng), likeness, ridge
        )
    nearest = drawn.label[(drawn.test @ unit.T).argmax(axis=1)]
    result["nearest, test"] = 100 * float((nearest == drawn.truth).mean())
    result["ridge, test"] = 100 * float((ridge.head.scores(drawn.test).argmax(axis=1) == drawn.truth).mean())
    np.fill_diagonal(likeness, -1.0)
    in_class = np.where(drawn.label[:, None] == drawn.label, likeness, -1.0).argmax(axis=1)
    result["own family"] = 100 * float((drawn.family[in_class] == drawn.family).mean())
    result["copies"] = 100 * copies(drawn)
    return result


def copies(drawn: Drawn) -> float:
    """Return the share of pairs of different drawings of a family that are found as near-duplicates."""
    first, second = find(lambda row: decode(drawn.paths[row]), len(drawn.paths), workers=1).pairs.T
    related = drawn.family[first] == drawn.family[second]
    wrong = (related & (drawn.source[first] != drawn.source[second])).sum()
    a, b = np.triu_indices(len(drawn.paths), 1)
    return float(wrong / ((drawn.family[a] == drawn.family[b]) & (drawn.source[a] != drawn.source[b])).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("weights", type=Path)
    for name, value in (("seeds", 3), ("classes", 40), ("per-class", 30), ("families", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    recipe = load_recipe("cpu", [f"model.weights={options.weights}"])
    extractor = Extractor.of(recipe, torch.device("cpu"))
    rows = []
    for split in ("family", "random"):
        for seed in range(options.seeds):
            sizes = (options.classes, options.per_class, options.per_class)
            settings = DrawSettings(*sizes, seed=seed, families=options.families, split=split)
            with tempfile.TemporaryDirectory() as folder:
                drawn = draw(Path(folder) / "set", settings)
                rows.append({"split": split, **measured(loaded(drawn, extractor), seed)})
    print(pd.DataFrame(rows).groupby("split").mean().round(1).T.to_string())


if __name__ == "__main__":
    main()
