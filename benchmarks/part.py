"""A fixed part of a data set: some classes with all their training rows, for studies that need less time.

    python benchmarks/part.py DATA OUT [--classes 100]

The classes are drawn with a fixed seed, so that everyone gets the same. DATA holds `train.csv` with `class_name`,
`image_path` and `target`; OUT gets a `train.csv` and the images (hard links where the disk allows, else copies).
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 0


def make_part(data: Path, out: Path, classes: int) -> int:
    """Write the part; images in it."""
    table = pd.read_csv(data / "train.csv")
    names = np.random.default_rng(SEED).permutation(sorted(table["class_name"].unique()))[:classes]
    kept = table[table["class_name"].isin(set(names))].copy()
    kept["target"] = kept["class_name"].map({name: number for number, name in enumerate(sorted(names))})
    for path in kept["image_path"]:
        place = out / "train" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            continue
        try:
            os.link(data / "train" / path, place)
        except OSError:
            shutil.copyfile(data / "train" / path, place)
    kept.to_csv(out / "train.csv", index=False)
    return len(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--classes", type=int, default=100)
    arguments = parser.parse_args()
    count = make_part(arguments.data, arguments.out, arguments.classes)
    print(f"{count:,} images in {arguments.classes} classes: {arguments.out}")


if __name__ == "__main__":
    main()
