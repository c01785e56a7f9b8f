"""Time, memory and size of a report on 15,000 drawings of 500 classes, with synthetic probabilities.

    python benchmarks/report_size.py [--rows 15000] [--classes 500] [--drawings FOLDER]

Drawings are synthetic ones (or those of FOLDER), each used several times. Traits are planted, as an audit would leave
them. Heat maps, robustness and the embedding map are off, since they need networks.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from sketchfit.auditing.traits import TRAIT_NAMES
from sketchfit.config.load import load_recipe
from sketchfit.reporting.run.run_report import write_report
from sketchfit.synthetic import draw_dataset


def write_run(folder: Path, root: Path, images: list[str], rows: int, classes: int) -> None:
    rng = np.random.default_rng(0)
    label = np.arange(rows) % classes
    (folder / "ensemble").mkdir(parents=True)
    (folder / "audit").mkdir()
    logits = rng.normal(size=(rows, classes)).astype(np.float32) * 1.5
    logits[np.arange(rows), label] += 6
    prob = np.exp(logits)
    prob /= prob.sum(1, keepdims=True)
    np.savez(folder / "ensemble" / "oof.npz", row=np.arange(rows), prob=prob)
    np.savez(folder / "ensemble" / "test.npz", row=np.arange(rows * 2 // 3), prob=prob[: rows * 2 // 3])
    for member in range(2):
        for fold in range(5):
            place = folder / "members" / f"member{member}" / f"fold{fold}"
            place.mkdir(parents=True)
            held = np.arange(fold, rows, 5)
            np.savez(place / "oof.npz", row=held, prob=prob[held])
            (place / "done.json").write_text(json.dumps({"fingerprint": "", "seconds": 600.0}))
            pd.DataFrame({"epoch": range(1, 21), "train_loss": 3 / np.arange(1, 21)}).to_csv(place / "history.csv")
    paths = [images[k % len(images)] for k in range(rows)]
    folds = {"row": np.arange(rows), "image_path": paths, "label": label, "group": np.arange(rows) // 2 * 2}
    pd.DataFrame({**folds, "fold": np.arange(rows) % 5}).to_parquet(folder / "folds.parquet")
    traits = pd.DataFrame(rng.uniform(0.1, 1, (rows, len(TRAIT_NAMES))), columns=list(TRAIT_NAMES))
    traits.insert(0, "split", "train")
    traits.insert(0, "row", np.arange(rows))
    traits.to_parquet(folder / "audit" / "traits.parquet")
    names = [f"class {k}" for k in range(classes)]
    labels = [str(k) for k in range(classes)]
    (folder / "state.json").write_text(
        json.dumps({"data": str(root), "class_names": names, "class_labels": labels, "table_id": ""})
    )
    off = ["report.attribution=0", "report.robustness=0", "report.embedding=0"]
    (folder / "recipe.yaml").write_text(load_recipe("cpu", off).to_yaml())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=15_000)
    parser.add_argument("--classes", type=int, default=500)
    parser.add_argument("--drawings", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = arguments.drawings or Path(scratch) / "data"
        if arguments.drawings is None:
            draw_dataset(root, classes=60, per_class=20, test_per_class=1, seed=0)
        images = sorted(path.relative_to(root).as_posix() for path in root.glob("train/*/*.*"))
        run = Path(scratch) / "run"
        write_run(run, root, images, arguments.rows, arguments.classes)
        began = time.monotonic()
        page = write_report(run)
        seconds = time.monotonic() - began
        further = sum(file.stat().st_size for file in page.parent.rglob("*") if file.is_file()) - page.stat().st_size
        print(
            f"{arguments.rows:,} drawings of {arguments.classes} classes: {seconds:.0f} s, page "
            f"{page.stat().st_size / 1e6:.1f} MB, further files {further / 1e6:.1f} MB, peak memory "
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"
        )


if __name__ == "__main__":
    main()
